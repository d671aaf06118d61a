import { sql } from "kysely";
import { describe, expect, it } from "vitest";
import { createAssetRecords } from "../../src/adapters/database/asset-records.ts";
import { createJobStore } from "../../src/adapters/database/job-store.ts";
import { createLinkKeys } from "../../src/adapters/database/link-keys.ts";
import { createSettings } from "../../src/adapters/database/settings.ts";
import { createSignatureLedger } from "../../src/adapters/database/signature-ledger.ts";
import { runUpkeep } from "../../src/adapters/database/upkeep.ts";
import { createId } from "../../src/ids.ts";
import { testSealer } from "../sealer.ts";
import { createAcceptance, createOutput, type GetDatabase, MINUTE_MS, readCount } from "./set-up.ts";

/** What the smaller ports promise. */
export function recordsSuite(getDatabase: GetDatabase): void {
  describe("asset records", () => {
    it("gives an asset back with where its bytes are", async () => {
      const records = createAssetRecords(getDatabase().db);
      const upload = createOutput({ source: "upload", name: "me\0.png" });
      const inserted = await records.insert("env:owner", upload);
      expect(inserted).toMatchObject({
        id: upload.id,
        ownerId: "env:owner",
        name: "me\uFFFD.png",
        sha256: upload.blob.sha256,
      });
      expect(inserted).not.toHaveProperty("jobId");
      expect(await records.find(upload.id)).toEqual({ ...inserted, location: upload.blob.location });
    });

    it("finds nothing under an unknown id or a text that is none, and takes an id once", async () => {
      const records = createAssetRecords(getDatabase().db);
      for (const id of [createId(), "", "../x", "\0"]) expect(await records.find(id)).toBeUndefined();
      const upload = createOutput({ source: "upload" });
      await records.insert("env:owner", upload);
      await expect(records.insert("env:other", upload)).rejects.toThrow();
    });
  });

  describe("signature ledger", () => {
    it("spends a signature once", async () => {
      const ledger = createSignatureLedger(getDatabase().db);
      const signature = { hash: "f".repeat(64), expiresAtMs: Date.now() + MINUTE_MS };
      expect(await Promise.all([ledger.spend(signature), ledger.spend(signature)])).toEqual(
        expect.arrayContaining([true, false]),
      );
      expect(await ledger.spend(signature)).toBe(false);
    });

    it("forgets signatures that their timestamp refuses anyway, and none before", async () => {
      const ledger = createSignatureLedger(getDatabase().db);
      const alive = { hash: "a".repeat(64), expiresAtMs: Date.now() + MINUTE_MS };
      await ledger.spend(alive);
      await ledger.spend({ hash: "b".repeat(64), expiresAtMs: Date.now() - 10 * MINUTE_MS });
      await runUpkeep(getDatabase().db, { isVacuumed: true });
      expect(await readCount(getDatabase().db, "comfy.used_signatures")).toBe(1);
      expect(await ledger.spend(alive)).toBe(false);
    });

    it("keeps idempotency keys for a day", async () => {
      const jobs = createJobStore(getDatabase().db);
      const idempotency = { surface: "product", key: "k", fingerprint: "f" } as const;
      await jobs.accept(createAcceptance({ idempotency }));
      await runUpkeep(getDatabase().db, { isVacuumed: false });
      expect((await jobs.accept(createAcceptance({ idempotency }))).type).toBe("replayed");
      await sql`update comfy.idempotency_keys set created_at = created_at - interval '25 hours'`.execute(
        getDatabase().db,
      );
      await runUpkeep(getDatabase().db, { isVacuumed: false });
      expect((await jobs.accept(createAcceptance({ idempotency }))).type).toBe("accepted");
    });
  });

  describe("link keys", () => {
    it("makes a key at the first question and gives the same one ever after, to every process", async () => {
      const key = await createLinkKeys(getDatabase().db, testSealer).current();
      expect(key.id).toMatch(/^[\w-]{1,32}$/);
      expect(key.secret.byteLength).toBe(32);
      const elsewhere = createLinkKeys(getDatabase().db, testSealer);
      expect(Buffer.from((await elsewhere.current()).secret).equals(key.secret)).toBe(true);
      expect((await elsewhere.find(key.id))?.id).toBe(key.id);
    });

    it("honours an older key after a newer one signs", async () => {
      const old = await createLinkKeys(getDatabase().db, testSealer).current();
      await sql`insert into comfy.link_keys (id, secret) values ('newer', decode(repeat('00', 32), 'hex'))`.execute(
        getDatabase().db,
      );
      const keys = createLinkKeys(getDatabase().db, testSealer);
      expect((await keys.current()).id).toBe("newer");
      expect((await keys.find(old.id))?.id).toBe(old.id);
    });

    it("knows no key under a stranger's text", async () => {
      const keys = createLinkKeys(getDatabase().db, testSealer);
      for (const id of ["", "nope", "a\0", "x".repeat(10_000), "' or true --"])
        expect(await keys.find(id)).toBeUndefined();
    });
  });

  describe("settings", () => {
    it("keep the deployment's id and its secrets, also when two ask at once", async () => {
      const settings = createSettings(getDatabase().db);
      const ids = await Promise.all([settings.readDeploymentId(), createSettings(getDatabase().db).readDeploymentId()]);
      expect(ids[0]).toBe(ids[1]);
    });
  });
}
