import { randomBytes } from "node:crypto";
import { sql } from "kysely";
import { beforeEach, describe, expect, it } from "vitest";
import { createOpener, createSealer } from "../../src/access/sealer.ts";
import { createLinkKeys } from "../../src/adapters/database/link-keys.ts";
import { assertSealsOpen, sealRows } from "../../src/adapters/database/seal-rows.ts";
import { composeSeals } from "../../src/compose/sealer.ts";
import { createLifecycle } from "../../src/lifecycle.ts";
import { silentLog as log } from "../../src/log.ts";
import { testSealer } from "../sealer.ts";
import { createKeyParts, type KeyParts, maker } from "./key-set-up.ts";
import type { GetDatabase } from "./set-up.ts";

/** What secrets at rest promise. */
export function sealedSecretsSuite(getDatabase: GetDatabase): void {
  let open: KeyParts["open"];
  beforeEach(() => {
    ({ open } = createKeyParts(getDatabase));
  });

  describe("secrets that are kept", () => {
    const old = { id: "old", key: randomBytes(32) };
    const fresh = { id: "fresh", key: randomBytes(32) };

    it("are sealed anew at the start after a master key was put in front, and open without the old one then", async () => {
      const { db } = getDatabase();
      const before = open(createSealer([old]));
      const made = await before.verbs.createKey(maker, { name: "a key", mode: "signed" }, {});
      await before.verbs.rotateKey(maker, made.record.id, 60_000, {});
      const link = await createLinkKeys(db, createSealer([old])).current();
      expect(await sealRows(db, createSealer([fresh, old]))).toBe(3);
      expect(await sealRows(db, createSealer([fresh, old]))).toBe(0);
      expect((await open(createSealer([fresh])).keys.find(made.key))?.secrets).toHaveLength(2);
      const found = await createLinkKeys(db, createSealer([fresh])).find(link.id);
      expect(found && Buffer.from(found.secret)).toEqual(Buffer.from(link.secret));
    });

    it("of link keys that are still plain are sealed at the start, and sign as before", async () => {
      const { db } = getDatabase();
      const secret = randomBytes(32);
      await sql`insert into comfy.link_keys (id, secret) values ('plain', ${secret}::bytea)`.execute(db);
      const plain = await createLinkKeys(db, testSealer).find("plain");
      expect(plain && Buffer.from(plain.secret)).toEqual(secret);
      expect(await sealRows(db, testSealer)).toBe(1);
      const { rows } = await sql<{ text: string }>`select l::text as text from comfy.link_keys l`.execute(db);
      expect(rows.map(({ text }) => text).join()).not.toContain(secret.toString("hex"));
      const sealed = await createLinkKeys(db, testSealer).find("plain");
      expect(sealed && Buffer.from(sealed.secret)).toEqual(secret);
    });

    it("are kept plain, or not at all, where nothing can be sealed; what is sealed already opens and stays", async () => {
      const { db } = getDatabase();
      const sealed = await createLinkKeys(db, createSealer([old])).current();
      const made = await open(createSealer([old])).verbs.createKey(maker, { name: "a key", mode: "signed" }, {});
      const opener = createOpener([old]);
      await assertSealsOpen(db, opener);
      expect(await sealRows(db, opener)).toBe(0);
      expect((await open(opener).keys.find(made.key))?.secrets).toHaveLength(1);
      const found = await createLinkKeys(db, opener).find(sealed.id);
      expect(found && Buffer.from(found.secret)).toEqual(Buffer.from(sealed.secret));
      const refusal = open(opener).verbs.createKey(maker, { name: "a key", mode: "bearer" }, {});
      await expect(refusal).rejects.toMatchObject({ code: "master_key_missing", status: 503 });
      await sql`delete from comfy.link_keys`.execute(db);
      const plain = await createLinkKeys(db, opener).current();
      expect(await sealRows(db, opener)).toBe(0);
      const { rows } = await sql`select from comfy.link_keys where secret is not null`.execute(db);
      expect(rows).toHaveLength(1);
      expect(Buffer.from((await createLinkKeys(db, testSealer).find(plain.id))?.secret ?? [])).toEqual(
        Buffer.from(plain.secret),
      );
    });

    it("are sealed a while after the start where others may share them, and at once where nobody does", async () => {
      const { db } = getDatabase();
      const countPlain = async () =>
        (await sql`select from comfy.link_keys where secret is not null`.execute(db)).rows.length;
      for (const [durability, left] of [
        ["server", 1],
        ["process", 0],
      ] as const) {
        await sql`delete from comfy.link_keys`.execute(db);
        await createLinkKeys(db, createOpener([])).current();
        const lifecycle = createLifecycle({ log, drainTimeoutMs: 1_000 });
        await composeSeals({ log, lifecycle }, { db, durability }, testSealer, 1);
        expect(await countPlain()).toBe(left);
        await lifecycle.start();
        await expect.poll(countPlain).toBe(0);
        await lifecycle.shutDown();
      }
    });

    it("keep the service from starting when their master key is gone, with a sentence that says what to do", async () => {
      const { db } = getDatabase();
      await createLinkKeys(db, createSealer([old])).current();
      for (const sealer of [createSealer([fresh]), createOpener([])])
        await expect(assertSealsOpen(db, sealer)).rejects.toThrow(/master key old.*MASTER_KEYS/s);
    });
  });
}
