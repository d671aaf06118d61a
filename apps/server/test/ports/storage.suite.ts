import { sql } from "kysely";
import { describe, expect, it } from "vitest";
import { createAssetRecords } from "../../src/adapters/database/asset-records.ts";
import { createBlobLedger } from "../../src/adapters/database/blob-ledger.ts";
import { createJobStore } from "../../src/adapters/database/job-store.ts";
import { createStorageRecords } from "../../src/adapters/database/storage-records.ts";
import { createId } from "../../src/ids.ts";
import { acceptAndClaim, complete, createOutput, type GetDatabase, MINUTE_MS, readCount } from "./set-up.ts";

const DAY_MS = 1_440 * MINUTE_MS;
const old = { ageMs: DAY_MS, count: 100, claimMax: 100 };

/** What the database knows of files that may go. */
export function storageSuite(getDatabase: GetDatabase): void {
  const setUp = () => {
    const { db } = getDatabase();
    const jobs = createJobStore(db);
    return {
      db,
      jobs,
      ledger: createBlobLedger(db),
      records: createAssetRecords(db),
      storage: createStorageRecords(db),
    };
  };
  const inCloud = (blob = createOutput().blob) => ({ ...blob, location: `s3:${blob.location}` });
  /** Makes everything that is there a little older than `ageMs`. */
  const age = (ageMs: number) =>
    sql
      .raw(`
      update comfy.blobs set touched_at = touched_at - ${ageMs + 1_000} * interval '1 millisecond';
      update comfy.assets set created_at = created_at - ${ageMs + 1_000} * interval '1 millisecond'`)
      .execute(getDatabase().db);
  const claimHashes = async () => (await setUp().storage.claimLoose(old)).blobs.map(({ sha256 }) => sha256);

  describe("blobs that nobody refers to", () => {
    it("are claimed a day after they were touched, and forgotten when they are removed", async () => {
      const { db, ledger, storage } = setUp();
      const blob = inCloud();
      await ledger.announce(blob);
      expect(await claimHashes()).toEqual([]);
      await age(DAY_MS);
      const page = await storage.claimLoose(old);
      expect(page.blobs).toEqual([{ sha256: blob.sha256, locations: [blob.location] }]);
      expect(await claimHashes()).toEqual([]);
      await storage.settle(blob.sha256);
      expect(await readCount(db, "comfy.blobs")).toBe(0);
    });

    it("are given back as loose as they were when nobody came to them", async () => {
      const { ledger, storage } = setUp();
      const blob = inCloud();
      await ledger.announce(blob);
      await age(DAY_MS);
      await claimHashes();
      await storage.unclaim([blob.sha256], DAY_MS);
      expect(await claimHashes()).toEqual([blob.sha256]);
      await storage.unclaim([blob.sha256], DAY_MS);
      await ledger.announce(blob);
      expect(await claimHashes()).toEqual([]);
    });

    it.each([
      [2, 100],
      [100, 2],
    ])("are looked at in pages of %i and claimed %i at a time, each blob once", async (count, claimMax) => {
      const { ledger, storage } = setUp();
      const blobs = Array.from({ length: 5 }, () => inCloud());
      for (const blob of blobs) await ledger.announce(blob);
      await age(DAY_MS);
      const found: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await storage.claimLoose({ ...old, count, claimMax, ...(cursor !== undefined && { cursor }) });
        found.push(...page.blobs.map(({ sha256 }) => sha256));
        cursor = page.cursor;
      } while (cursor !== undefined);
      expect(found.sort()).toEqual(blobs.map(({ sha256 }) => sha256).sort());
    });

    it("are looked for among what was touched since: of the rest each is looked at once a day only", async () => {
      const { db, records } = setUp();
      let nowMs = 0;
      const storage = createStorageRecords(db, () => nowMs);
      const count = async () => (await storage.claimLoose(old)).blobs.length;
      for (let n = 0; n < 3; n++) await records.insert("env:owner", createOutput({ source: "upload" }));
      await age(DAY_MS);
      expect(await count()).toBe(0);
      await sql`delete from comfy.assets`.execute(db);
      // One shows that it was touched; the others look as if they had not been, which only a lock in the wrong moment could do.
      await sql`update comfy.blobs set touched_at = case when sha256 = (select min(sha256) from comfy.blobs)
        then clock_timestamp() - interval '24 hours' - interval '500 milliseconds' else touched_at - interval '40 days' end`.execute(
        db,
      );
      expect(await count()).toBe(1);
      expect(await count()).toBe(0);
      nowMs += DAY_MS;
      expect(await count()).toBe(2);
    });

    it("stay while an asset of anybody refers to them", async () => {
      const { records, storage } = setUp();
      const upload = createOutput({ source: "upload" });
      await records.insert("env:one", upload);
      await records.insert("env:two", { ...upload, id: createId() });
      await age(DAY_MS);
      expect(await claimHashes()).toEqual([]);
      await storage.expireAssets({ ageMs: DAY_MS, count: 1 });
      expect(await claimHashes()).toEqual([]);
    });

    it("are kept for a day from the moment that the last file of them was deleted", async () => {
      const { db, records } = setUp();
      await records.insert("env:owner", createOutput({ source: "upload" }));
      await age(DAY_MS);
      await sql`delete from comfy.assets`.execute(db);
      expect(await claimHashes()).toEqual([]);
      await age(DAY_MS);
      expect(await claimHashes()).toHaveLength(1);
    });

    it("are not stored by anybody while they are being removed, and afterwards again", async () => {
      const { ledger, storage } = setUp();
      const blob = inCloud();
      await ledger.announce(blob);
      await age(DAY_MS);
      await claimHashes();
      await expect(ledger.announce(blob)).rejects.toMatchObject({ code: "unavailable" });
      await storage.settle(blob.sha256);
      await ledger.announce(blob);
    });

    it("that were stored again in the meantime live on", async () => {
      const { records, storage } = setUp();
      const upload = createOutput({ source: "upload" });
      await records.insert("env:owner", upload);
      await sql`delete from comfy.assets`.execute(setUp().db);
      await age(DAY_MS);
      expect(await claimHashes()).toEqual([upload.blob.sha256]);
      await records.insert("env:owner", { ...upload, id: createId() });
      await storage.settle(upload.blob.sha256);
      await storage.release(upload.blob.sha256);
      expect(await readCount(setUp().db, "comfy.blobs")).toBe(1);
      await age(DAY_MS);
      expect(await claimHashes()).toEqual([]);
    });

    it("that a sweeper left half-removed are claimed again later", async () => {
      const { ledger, storage } = setUp();
      const blob = inCloud();
      await ledger.announce(blob);
      await age(DAY_MS);
      await claimHashes();
      const stuck = { ageMs: 10 * MINUTE_MS, count: 10 };
      expect(await storage.reclaim(stuck)).toEqual([]);
      await age(10 * MINUTE_MS);
      expect(await storage.reclaim(stuck)).toEqual([{ sha256: blob.sha256, locations: [blob.location] }]);
      expect(await storage.reclaim(stuck)).toEqual([]);
    });

    it("are removed everywhere they ever lay", async () => {
      const { db, ledger, records, storage } = setUp();
      const upload = createOutput({ source: "upload" });
      await records.insert("env:owner", upload);
      const outside = inCloud(upload.blob);
      await ledger.announce(outside);
      await ledger.announce(outside);
      expect(await records.find(upload.id)).toMatchObject({ location: upload.blob.location });
      await records.insert("env:owner", { ...upload, id: createId(), blob: outside });
      expect(await records.find(upload.id)).toMatchObject({ location: outside.location });
      await sql`delete from comfy.assets`.execute(db);
      await age(DAY_MS);
      const [claimed] = (await storage.claimLoose(old)).blobs;
      expect(claimed?.locations.toSorted()).toEqual([upload.blob.location, outside.location].sort());
    });
  });

  describe("where equal bytes are kept", () => {
    it("is said of what somebody refers to outside, not of what was only announced or is on a disk", async () => {
      const { ledger, records } = setUp();
      const blob = inCloud();
      await ledger.announce(blob);
      expect(await ledger.findKept(blob)).toBeUndefined();
      await records.insert("env:owner", createOutput({ source: "upload", blob }));
      expect(await ledger.findKept(blob)).toBe(blob.location);
      const onDisk = createOutput({ source: "upload" });
      await records.insert("env:owner", onDisk);
      expect(await ledger.findKept(onDisk.blob)).toBeUndefined();
    });

    it("stays the place outside when the same bytes come to a disk at the same time, and both are removed one day", async () => {
      const { db, jobs, records, storage } = setUp();
      const outside = inCloud();
      const onDisk = { ...outside, location: outside.location.slice(3), yieldsTo: "s3" };
      const first = createOutput({ blob: outside });
      await records.insert("env:owner", { ...first, source: "upload" });
      const { job, lease } = await acceptAndClaim(jobs);
      const [second, third] = [createOutput({ blob: onDisk }), createOutput({ blob: onDisk, source: "url" })];
      await jobs.finish({ jobId: job.id, lease, ending: complete(second), isRefunded: false });
      await records.insert("env:owner", third);
      for (const { id } of [first, second, third])
        expect(await records.find(id)).toMatchObject({ location: outside.location });
      await sql`delete from comfy.assets`.execute(db);
      await age(DAY_MS);
      const [claimed] = (await storage.claimLoose(old)).blobs;
      expect(claimed?.locations.toSorted()).toEqual([onDisk.location, outside.location].sort());
    });

    it("is the disk when the bytes outside were only announced, or are in a store that is not connected", async () => {
      const { ledger, records } = setUp();
      const announced = inCloud();
      await ledger.announce(announced);
      const of = (blob: typeof announced, yieldsTo: string) => ({
        ...blob,
        location: blob.location.slice(3),
        yieldsTo,
      });
      const one = createOutput({ source: "url", blob: of(announced, "s3") });
      await records.insert("env:owner", one);
      expect(await records.find(one.id)).toMatchObject({ location: one.blob.location });
      const left = inCloud();
      await records.insert("env:owner", createOutput({ source: "url", blob: left }));
      const two = createOutput({ source: "url", blob: of(left, "supabase") });
      await records.insert("env:owner", two);
      expect(await records.find(two.id)).toMatchObject({ location: two.blob.location });
    });

    it("tells the files of a disk that nothing knows", async () => {
      const { records, storage } = setUp();
      const known = createOutput({ source: "upload" });
      const unknown = createOutput().blob.location;
      await records.insert("env:owner", known);
      expect(await storage.findUnknown([known.blob.location, unknown])).toEqual([unknown]);
      expect(await storage.findUnknown([])).toEqual([]);
    });
  });

  it("lets one process at a time do a chore, and another when that one is not heard of", async () => {
    const { db, storage } = setUp();
    const turns = await Promise.all(["a", "b", "c"].map((holder) => storage.takeTurn("storage", holder, MINUTE_MS)));
    expect(turns.filter(Boolean)).toHaveLength(1);
    const winner = ["a", "b", "c"][turns.indexOf(true)] ?? "";
    expect(await storage.takeTurn("storage", winner, MINUTE_MS)).toBe(true);
    expect(await storage.takeTurn("storage", "d", MINUTE_MS)).toBe(false);
    await sql`update comfy.turns set expires_at = clock_timestamp() - interval '1 second'`.execute(db);
    expect(await storage.takeTurn("storage", "d", MINUTE_MS)).toBe(true);
  });
}
