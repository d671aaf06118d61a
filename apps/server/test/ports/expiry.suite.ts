import { sql } from "kysely";
import { describe, expect, it } from "vitest";
import { createAssetRecords } from "../../src/adapters/database/asset-records.ts";
import { createBlobLedger } from "../../src/adapters/database/blob-ledger.ts";
import { createJobStore } from "../../src/adapters/database/job-store.ts";
import { createStorageRecords } from "../../src/adapters/database/storage-records.ts";
import { createId } from "../../src/ids.ts";
import {
  acceptAndClaim,
  acceptOne,
  complete,
  createAcceptance,
  createOutput,
  failed,
  type GetDatabase,
  MINUTE_MS,
  readCount,
} from "./set-up.ts";

const DAY_MS = 1_440 * MINUTE_MS;
const old = { ageMs: DAY_MS, count: 100, claimMax: 100 };

/** What becomes of files whose time is over. */
export function expirySuite(getDatabase: GetDatabase): void {
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

  describe("files past their time", () => {
    it("expire: they are found no more, and what made them still lists them, also when their bytes are gone", async () => {
      const { jobs, records, storage } = setUp();
      const { job, lease } = await acceptAndClaim(jobs);
      const output = createOutput();
      await jobs.finish({ jobId: job.id, lease, ending: complete(output), isRefunded: false });
      expect(await storage.expireAssets(old)).toBe(0);
      await age(DAY_MS);
      expect(await storage.expireAssets(old)).toBe(1);
      expect(await storage.expireAssets(old)).toBe(0);
      expect(await records.find(output.id)).toBeUndefined();
      // Whoever reads it at this moment reads on.
      expect(await claimHashes()).toEqual([]);
      await age(DAY_MS);
      expect(await claimHashes()).toEqual([output.blob.sha256]);
      await storage.settle(output.blob.sha256);
      const kept = await jobs.find(job.id);
      expect(kept?.outputs).toMatchObject([{ id: output.id, sizeBytes: output.blob.sizeBytes }]);
    });

    it("stay as long as a job that goes on needs them", async () => {
      const { db, jobs, records, storage } = setUp();
      const upload = createOutput({ source: "upload" });
      await records.insert("env:owner", upload);
      const id = await acceptOne(jobs, { inputs: { picture: upload.id } });
      await age(DAY_MS);
      expect(await storage.expireAssets(old)).toBe(0);
      await jobs.finish({ jobId: id, ending: failed, isRefunded: true });
      expect(await storage.expireAssets(old)).toBe(1);
      expect(await readCount(db, "comfy.job_inputs")).toBe(1);
    });

    it("are no input any more: a job, or a batch, that refers to one is refused whole", async () => {
      const { db, jobs, records, storage } = setUp();
      const [gone, kept] = [createOutput({ source: "upload" }), createOutput({ source: "upload" })];
      await records.insert("env:owner", gone);
      await age(DAY_MS);
      await storage.expireAssets(old);
      await records.insert("env:owner", kept);
      const inputs = { picture: kept.id, mask: gone.id };
      const refused = { code: "asset_not_found" };
      await expect(acceptOne(jobs, { inputs, generationsPerDay: 5 })).rejects.toMatchObject(refused);
      const batch = { id: createId(), ownerId: "env:owner", keyId: "key" };
      const both = [{ inputs: { picture: kept.id } }, { inputs }].map((changes) =>
        createAcceptance({ ...changes, batchId: batch.id }),
      );
      await expect(jobs.acceptBatch(batch, both)).rejects.toMatchObject(refused);
      for (const table of ["jobs", "batches", "generations_per_day"])
        expect(await readCount(db, `comfy.${table}`)).toBe(0);
      await acceptOne(jobs, { inputs: { picture: kept.id, mask: kept.id } });
    });

    it("that ship with a workflow do not expire", async () => {
      const { records, storage } = setUp();
      await records.insert("env:owner", createOutput({ source: "builtin" }));
      await age(DAY_MS);
      expect(await storage.expireAssets(old)).toBe(0);
    });

    it("may come again under the same id, of the same owner alone", async () => {
      const { ledger, records, storage } = setUp();
      const upload = createOutput({ source: "upload", blob: inCloud() });
      await records.insert("env:owner", upload);
      await age(DAY_MS);
      await storage.expireAssets(old);
      await age(DAY_MS);
      expect(await claimHashes()).toEqual([upload.blob.sha256]);
      await storage.settle(upload.blob.sha256);
      await ledger.announce(upload.blob);
      await expect(records.insert("env:other", upload)).rejects.toThrow();
      await records.insert("env:owner", upload);
      expect(await records.find(upload.id)).toMatchObject({ location: upload.blob.location });
      await age(DAY_MS - 10_000);
      expect(await claimHashes()).toEqual([]);
    });
  });
}
