import { sql } from "kysely";
import { describe, expect, it } from "vitest";
import { createAssetRecords } from "../../src/adapters/database/asset-records.ts";
import { runUpkeep } from "../../src/adapters/database/upkeep.ts";
import { createUploadStore } from "../../src/adapters/database/upload-store.ts";
import { createOpenUploadVerbs } from "../../src/assets/open-upload.ts";
import type { NewUpload, ReceivedPart } from "../../src/assets/upload-store.ts";
import { createId } from "../../src/ids.ts";
import { createOutput, type GetDatabase, MINUTE_MS, readCount } from "./set-up.ts";

const limits = { countMax: 3, sizeBytesMax: 1_000 };

const toUpload = (changes: Partial<NewUpload> = {}): NewUpload => ({
  id: createId(),
  ownerId: "env:owner",
  name: "face.png",
  sizeBytes: 100,
  partSizeBytes: 60,
  isLocationStripped: false,
  ...changes,
});

const toPart = (n: number, letter: string): ReceivedPart => {
  const sha256 = letter.repeat(64);
  return { n, sha256, sizeBytes: 40, location: `${sha256.slice(0, 2)}/${sha256}` };
};

export function uploadsSuite(getDatabase: GetDatabase): void {
  const openStore = () => createUploadStore(getDatabase().db);
  const expire = () =>
    sql`update comfy.uploads set expires_at = clock_timestamp() - interval '1 second'`.execute(getDatabase().db);

  describe("an upload in parts", () => {
    it("is given back as it was opened, with the parts that have arrived in order", async () => {
      const store = openStore();
      const upload = toUpload({
        name: "me\0.png",
        type: "image/png",
        sha256: "f".repeat(64),
        isLocationStripped: true,
      });
      expect(await store.open(upload, MINUTE_MS, limits)).toBe("opened");
      expect(await store.putPart(upload.id, toPart(2, "b"))).toBe(true);
      expect(await store.putPart(upload.id, toPart(1, "a"))).toBe(true);
      const found = await store.find(upload.id);
      expect(found).toMatchObject({ ...upload, name: "me\uFFFD.png", isCompleted: false });
      expect(found?.parts).toEqual([toPart(1, "a"), toPart(2, "b")]);
      expect(Math.abs((found?.expiresAtMs ?? 0) - Date.now() - MINUTE_MS)).toBeLessThan(MINUTE_MS / 2);
    });

    it("takes a part again in place of the one before", async () => {
      const store = openStore();
      const upload = toUpload();
      await store.open(upload, MINUTE_MS, limits);
      for (const letter of ["a", "b"]) {
        expect(await store.reserve(upload.id, 40, 100)).toBe(true);
        await store.putPart(upload.id, toPart(1, letter));
      }
      expect(await store.find(upload.id)).toMatchObject({ parts: [toPart(1, "b")], sentBytes: 80 });
      // The bytes of both are known, so that both are swept one day.
      expect(await readCount(getDatabase().db, "comfy.blobs")).toBe(2);
    });

    it("takes no more bytes than may be sent, however many parts arrive at once, and those again that did not arrive", async () => {
      const store = openStore();
      const upload = toUpload();
      await store.open(upload, MINUTE_MS, limits);
      const reserved = await Promise.all(Array.from({ length: 20 }, () => store.reserve(upload.id, 40, 400)));
      expect(reserved.filter((isReserved) => isReserved)).toHaveLength(10);
      await store.release(upload.id, 40);
      expect(await store.reserve(upload.id, 40, 400)).toBe(true);
      expect(await store.reserve(upload.id, 40, 400)).toBe(false);
      expect(await store.reserve(createId(), 40, 400)).toBe(false);
    });

    it("opens once under one id", async () => {
      const store = openStore();
      const upload = toUpload();
      const outcomes = await Promise.all([1, 2, 3].map(() => store.open(upload, MINUTE_MS, limits)));
      expect(outcomes.toSorted()).toEqual(["known", "known", "opened"]);
    });

    it("counts those of an owner exactly, however many are opened at once", async () => {
      const store = openStore();
      const open = (ownerId: string) => store.open(toUpload({ ownerId }), MINUTE_MS, limits);
      const outcomes = await Promise.all(Array.from({ length: 12 }, () => open("env:owner")));
      expect(outcomes.filter((outcome) => outcome === "opened")).toHaveLength(3);
      expect(outcomes.filter((outcome) => outcome === "too_many")).toHaveLength(9);
      expect(await open("env:other")).toBe("opened");
    });

    it("counts the bytes of those that an owner has open", async () => {
      const store = openStore();
      expect(await store.open(toUpload({ sizeBytes: 900 }), MINUTE_MS, limits)).toBe("opened");
      expect(await store.open(toUpload({ sizeBytes: 101 }), MINUTE_MS, limits)).toBe("too_large");
      expect(await store.open(toUpload({ sizeBytes: 100 }), MINUTE_MS, limits)).toBe("opened");
    });

    it("counts no more once it is completed, and takes no part then", async () => {
      const { db } = getDatabase();
      const store = openStore();
      const upload = toUpload({ sizeBytes: 1_000 });
      await store.open(upload, MINUTE_MS, limits);
      const asset = await createAssetRecords(db).insert("env:owner", createOutput({ source: "upload" }));
      await store.complete(upload.id, asset.id);
      expect(await store.find(upload.id)).toMatchObject({ isCompleted: true, assetId: asset.id });
      expect(await store.putPart(upload.id, toPart(1, "a"))).toBe(false);
      expect(await store.open(toUpload({ sizeBytes: 1_000 }), MINUTE_MS, limits)).toBe("opened");
    });

    it("is gone when it has expired: not found, not counted, and swept with its parts", async () => {
      const { db } = getDatabase();
      const store = openStore();
      const upload = toUpload({ sizeBytes: 1_000 });
      await store.open(upload, MINUTE_MS, limits);
      await store.putPart(upload.id, toPart(1, "a"));
      await expire();
      expect(await store.find(upload.id)).toBeUndefined();
      expect(await store.putPart(upload.id, toPart(2, "b"))).toBe(false);
      expect(await store.open(upload, MINUTE_MS, limits)).toBe("opened");
      await expire();
      await runUpkeep(db, { isVacuumed: false });
      expect(await readCount(db, "comfy.uploads")).toBe(0);
      expect(await readCount(db, "comfy.upload_parts")).toBe(0);
    });

    it("takes no part once it was given up", async () => {
      const store = openStore();
      const upload = toUpload();
      await store.open(upload, MINUTE_MS, limits);
      await store.putPart(upload.id, toPart(1, "a"));
      await store.remove(upload.id);
      expect(await store.find(upload.id)).toBeUndefined();
      expect(await store.putPart(upload.id, toPart(1, "a"))).toBe(false);
    });
  });

  describe("a key that makes an upload safe to repeat", () => {
    const key = { ownerId: "env:owner", keyHash: "k".repeat(64), fingerprint: "f".repeat(64) };

    it("stands for what came first with it, also when several come at once", async () => {
      const store = openStore();
      const claims = ["f", "g", "h"].map((letter) => store.claimKey({ ...key, fingerprint: letter.repeat(64) }));
      expect((await Promise.all(claims)).filter((id) => id !== undefined)).toHaveLength(1);
      expect(await store.claimKey({ ...key, ownerId: "env:other", fingerprint: "o".repeat(64) })).toBeDefined();
    });

    it("is kept for a day, and stands for something new after it, also with the same body", async () => {
      const { db } = getDatabase();
      const store = openStore();
      const first = await store.claimKey(key);
      expect(first).toBeDefined();
      expect(await store.claimKey(key)).toBe(first);
      await sql`update comfy.upload_keys set created_at = created_at - interval '25 hours'`.execute(db);
      await runUpkeep(db, { isVacuumed: false });
      const second = await store.claimKey(key);
      expect(second).toBeDefined();
      expect(second).not.toBe(first);
    });

    it("of an upload that was opened gives that one, and a day later another", async () => {
      const { db } = getDatabase();
      const { openUpload } = createOpenUploadVerbs({ uploads: openStore(), uploadSizeBytesMax: 1_000 });
      const wish = { ownerId: "env:owner", name: "a.png", sizeBytes: 100, isLocationStripped: false };
      const open = () => openUpload({ ...wish, idempotencyKey: "face", request: Buffer.from("{}") });
      const { upload } = await open();
      expect(await open()).toMatchObject({ upload: { id: upload.id }, isReplay: true });
      await sql`update comfy.upload_keys set created_at = created_at - interval '25 hours'`.execute(db);
      await runUpkeep(db, { isVacuumed: false });
      expect((await open()).upload.id).not.toBe(upload.id);
    });
  });
}
