import { beforeEach, describe, expect, it } from "vitest";
import { createAssetRecords } from "../../src/adapters/database/asset-records.ts";
import { createBatchStore } from "../../src/adapters/database/batch-store.ts";
import { createJobStore } from "../../src/adapters/database/job-store.ts";
import { createId } from "../../src/ids.ts";
import type { NewBatch } from "../../src/jobs/batch-store.ts";
import type { Acceptance, JobFilter, JobStore } from "../../src/jobs/job-store.ts";
import {
  acceptAndClaim,
  acceptOne,
  cancelled,
  claim,
  createAcceptance,
  createOutput,
  failed,
  type GetDatabase,
  MINUTE_MS,
  readCount,
} from "./set-up.ts";

/** What lists, retries, batches and postponed jobs promise. */
export function listsSuite(getDatabase: GetDatabase): void {
  let jobs: JobStore;
  beforeEach(() => {
    jobs = createJobStore(getDatabase().db);
  });

  describe("a list of jobs", () => {
    const list = async (filter: Partial<JobFilter> = {}) =>
      (await jobs.list({ ownerId: "env:owner", limit: 10, ...filter })).jobs.map(({ id }) => id);

    it("is newest first, page by page, and shows no job twice while others are accepted", async () => {
      const ids: string[] = [];
      for (let n = 0; n < 5; n++) ids.unshift(await acceptOne(jobs));
      const first = await jobs.list({ ownerId: "env:owner", limit: 2 });
      await acceptOne(jobs);
      const cursor = first.nextCursor ?? "";
      const second = await jobs.list({ ownerId: "env:owner", limit: 3, cursor });
      expect([...first.jobs, ...second.jobs].map(({ id }) => id)).toEqual(ids);
      expect(second).not.toHaveProperty("nextCursor");
    });

    it("has the owner's jobs alone", async () => {
      await acceptOne(jobs, { ownerId: "env:other" });
      expect(await list()).toEqual([]);
    });

    it("narrows by state as it is told, kind, key and time", async () => {
      const { job, lease } = await acceptAndClaim(jobs, { kind: "image" });
      const waiting = await acceptOne(jobs, { keyId: "other" });
      expect(await list({ kind: "image" })).toEqual([job.id]);
      expect(await list({ keyId: "other" })).toEqual([waiting]);
      await jobs.setState(lease, "running");
      await jobs.requestCancel(job.id);
      expect(await list({ states: ["cancelling", "complete"] })).toEqual([job.id]);
      expect(await list({ states: ["running"] })).toEqual([]);
      expect(await list({ states: ["pending"] })).toEqual([waiting]);
      expect(await list({ states: [] })).toEqual([]);
      const createdAtMs = (await jobs.find(waiting))?.createdAtMs ?? 0;
      expect(await list({ createdAfterMs: createdAtMs + 1 })).toEqual([]);
      expect(await list({ createdBeforeMs: createdAtMs + 1 })).toHaveLength(2);
    });

    it("finds jobs by pairs of metadata that are exactly so, of any size and with any characters", async () => {
      const metadata = { order: "42", "a\0b": "x".repeat(10_000), nested: { deep: [1, "\uD800"] }, n: 1 };
      const id = await acceptOne(jobs, { metadata });
      expect((await jobs.find(id))?.metadata).toEqual(metadata);
      expect(await list({ metadata: { order: "42", n: 1 } })).toEqual([id]);
      expect(await list({ metadata: { "a\0b": metadata["a\0b"] } })).toEqual([id]);
      expect(await list({ metadata: { nested: { deep: [1, "\uD800"] } } })).toEqual([id]);
      for (const other of [{ order: 42 }, { order: "4" }, { nested: {} }, { order: "42", n: 2 }, { missing: null }]) {
        expect(await list({ metadata: other })).toEqual([]);
      }
      expect(await list({ metadata: {} })).toEqual([id]);
    });

    it("refuses a cursor that is none with a sentence", async () => {
      for (const cursor of ["", "x", "-1", "1e3", "9".repeat(30), "1; drop table", "\0"]) {
        await expect(list({ cursor })).rejects.toMatchObject({ code: "invalid_input" });
      }
    });
  });

  describe("a retry", () => {
    async function end(changes: Partial<Acceptance> = {}): Promise<string> {
      const { job, lease } = await acceptAndClaim(jobs, changes);
      await jobs.finish({ jobId: job.id, lease, ending: failed, isRefunded: false });
      return job.id;
    }

    it("is a new job, and each of the two knows the other", async () => {
      const retryOf = await end();
      const id = await acceptOne(jobs, { retryOf });
      expect(await jobs.find(id)).toMatchObject({ retryOf, state: "pending" });
      expect(await jobs.find(retryOf)).toMatchObject({ retriedBy: id, state: "failed" });
    });

    it("is made once: whoever asks again is told which job it became, free of charge", async () => {
      const retryOf = await end({ generationsPerDay: 2 });
      const id = await acceptOne(jobs, { retryOf, generationsPerDay: 2 });
      const again = await jobs.accept(createAcceptance({ retryOf, generationsPerDay: 2 }));
      expect(again).toMatchObject({ type: "retried_already", job: { id } });
      const together = await Promise.all(
        Array.from({ length: 5 }, () => jobs.accept(createAcceptance({ retryOf: id }))),
      );
      expect(together.map(({ type }) => type).sort()).toEqual(["accepted", ...Array(4).fill("retried_already")]);
    });

    it("with an idempotency key replays", async () => {
      const retryOf = await end();
      const idempotency = { surface: "v1", key: "k", fingerprint: "f" } as const;
      const id = await acceptOne(jobs, { retryOf, idempotency });
      const again = await jobs.accept(createAcceptance({ retryOf, idempotency }));
      expect(again).toMatchObject({ type: "replayed", job: { id } });
    });
  });

  describe("a batch", () => {
    const createBatch = (changes: Partial<NewBatch> = {}) => ({
      id: createId(),
      ownerId: "env:owner",
      keyId: "key",
      ...changes,
    });
    const createJobs = (count: number, changes: Partial<Acceptance> = {}) =>
      Array.from({ length: count }, () => createAcceptance(changes));
    const batches = () => createBatchStore(getDatabase().db);

    it("is accepted whole, in order, with everything its jobs have alone", async () => {
      const upload = createOutput({ source: "upload" });
      await createAssetRecords(getDatabase().db).insert("env:owner", upload);
      const batch = createBatch({ metadata: { campaign: "a\0" } });
      const [first, ...rest] = createJobs(3, { metadata: { n: 1 }, priority: 7, inputs: { picture: upload.id } });
      const acceptances = [...(first ? [{ ...first, callbackUrl: "https://example.com/\0" }] : []), ...rest];
      const outcome = await jobs.acceptBatch(batch, acceptances);
      expect(outcome).toMatchObject({
        type: "accepted",
        batch: { id: batch.id, jobCount: 3, counts: { pending: 3, running: 0 }, metadata: batch.metadata },
      });
      const claimed = await claim(jobs, 5);
      expect(claimed.map(({ job }) => job.id)).toEqual(acceptances.map(({ id }) => id));
      expect(claimed[0]).toMatchObject({
        job: { batchId: batch.id, metadata: { n: 1 }, priority: 7, plan: first?.plan, seed: 7 },
        inputs: { picture: upload.id },
      });
      const listed = await jobs.list({ ownerId: "env:owner", limit: 10, batchId: batch.id });
      expect(listed.jobs).toHaveLength(3);
    });

    it("is refused whole: the day's generations, a file that is gone", async () => {
      const spent = await jobs.acceptBatch(createBatch(), createJobs(3, { generationsPerDay: 2 }));
      expect(spent.type).toBe("generations_exhausted");
      const [good, bad] = [createAcceptance(), createAcceptance({ inputs: { picture: createId() } })];
      await expect(jobs.acceptBatch(createBatch(), [good, bad])).rejects.toMatchObject({ code: "asset_not_found" });
      for (const table of ["jobs", "batches"]) expect(await readCount(getDatabase().db, `comfy.${table}`)).toBe(0);
      expect((await jobs.acceptBatch(createBatch(), createJobs(2, { generationsPerDay: 2 }))).type).toBe("accepted");
    });

    it("replays its idempotency key, which is not a job's", async () => {
      const idempotency = { surface: "v1", key: "k", fingerprint: "f" } as const;
      const batch = createBatch({ idempotency });
      await jobs.acceptBatch(batch, createJobs(2));
      const again = await jobs.acceptBatch(createBatch({ idempotency }), createJobs(2));
      expect(again).toMatchObject({ type: "replayed", batch: { id: batch.id, jobCount: 2 } });
      const other = createBatch({ idempotency: { ...idempotency, fingerprint: "g" } });
      expect((await jobs.acceptBatch(other, createJobs(1))).type).toBe("idempotency_key_reused");
      expect((await jobs.accept(createAcceptance({ idempotency }))).type).toBe("idempotency_key_reused");
    });

    it("spends its signature once", async () => {
      const signature = { hash: createId(), expiresAtMs: Date.now() + MINUTE_MS };
      expect((await jobs.acceptBatch(createBatch({ signature }), createJobs(1))).type).toBe("accepted");
      expect((await jobs.acceptBatch(createBatch({ signature }), createJobs(1))).type).toBe("signature_replayed");
    });

    it("counts its jobs by state, and is another owner's secret", async () => {
      const batch = createBatch();
      await jobs.acceptBatch(batch, createJobs(3));
      const [one] = await claim(jobs, 1);
      if (one) await jobs.finish({ jobId: one.job.id, lease: one.lease, ending: failed, isRefunded: false });
      expect(await batches().find("env:owner", batch.id)).toMatchObject({ counts: { pending: 2, failed: 1 } });
      expect(await batches().find("env:other", batch.id)).toBeUndefined();
      expect(await batches().requestCancel("env:other", batch.id)).toEqual([]);
      for (const id of ["", "x", createId()]) expect(await batches().find("env:owner", id)).toBeUndefined();
    });

    it("is cancelled as far as it has not ended", async () => {
      const batch = createBatch();
      const acceptances = createJobs(3);
      await jobs.acceptBatch(batch, acceptances);
      const [one] = await claim(jobs, 1);
      if (one) await jobs.finish({ jobId: one.job.id, lease: one.lease, ending: failed, isRefunded: false });
      const asked = await batches().requestCancel("env:owner", batch.id);
      expect([...asked].sort()).toEqual(
        acceptances
          .slice(1)
          .map(({ id }) => id)
          .sort(),
      );
      for (const jobId of asked)
        expect(await jobs.finish({ jobId, ending: cancelled, isRefunded: true })).toBeDefined();
      expect(await batches().requestCancel("env:owner", batch.id)).toEqual([]);
    });
  });

  describe("a postponed job", () => {
    it("says why it waits, keeps no slot, and is due at once when an inventory changed", async () => {
      const limit = { concurrentJobs: 1 };
      const { job, lease } = await acceptAndClaim(jobs, limit);
      await jobs.postpone(lease, { reason: "No backend has the model.", delayMs: MINUTE_MS });
      expect(await jobs.find(job.id)).toMatchObject({ state: "pending", waitingReason: "No backend has the model." });
      expect(await claim(jobs, 5)).toEqual([]);
      expect(await jobs.wakePostponed()).toBe(1);
      const [again] = await claim(jobs, 5);
      expect(again?.job.id).toBe(job.id);
      expect(again?.job).not.toHaveProperty("waitingReason");
      expect(await jobs.wakePostponed()).toBe(0);
    });
  });
}
