import { sql } from "kysely";
import { beforeEach, describe, expect, it } from "vitest";
import { createAssetRecords } from "../../src/adapters/database/asset-records.ts";
import { createJobStore } from "../../src/adapters/database/job-store.ts";
import { createRequestCounts } from "../../src/adapters/database/request-counts.ts";
import { removeEndedJobs } from "../../src/adapters/database/retention.ts";
import { createUsageStore } from "../../src/adapters/database/usage.ts";
import { createId } from "../../src/ids.ts";
import type { Acceptance, JobStore } from "../../src/jobs/job-store.ts";
import type { UsageFilter, UsageStore } from "../../src/jobs/usage-store.ts";
import {
  acceptAndClaim,
  acceptOne,
  complete,
  createAttempt,
  createOutput,
  failed,
  type GetDatabase,
  readCount,
} from "./set-up.ts";

const DAY_MS = 86_400_000;
const later = (days: number) => Date.now() + days * DAY_MS;

/** What is remembered of what owners used, and for how long of each job. */
export function usageSuite(getDatabase: GetDatabase): void {
  let jobs: JobStore;
  let usage: UsageStore;
  beforeEach(() => {
    jobs = createJobStore(getDatabase().db);
    usage = createUsageStore(getDatabase().db);
  });

  const today = () => new Date().toISOString().slice(0, 10);
  const read = (changes: Partial<UsageFilter> = {}) =>
    usage.read({ from: "2000-01-01", to: "2100-01-01", groupBy: ["owner"], rowsMax: 100, ...changes });
  /** A job that was rendered, with an output of 12 bytes. */
  async function end(changes: Partial<Acceptance> = {}, isRefunded = false): Promise<string> {
    const { job, lease } = await acceptAndClaim(jobs, changes);
    const attempt = createAttempt();
    await jobs.beginAttempt(lease, attempt);
    const ending = isRefunded ? failed : complete(createOutput());
    expect(await jobs.finish({ jobId: job.id, lease, attemptId: attempt.id, ending, isRefunded })).toBeTruthy();
    return job.id;
  }

  describe("usage", () => {
    it("adds up jobs by day, owner, key and workflow, and counts none that was given back", async () => {
      await end({ ownerId: "env:a", keyId: "k1" });
      await end({ ownerId: "env:a", keyId: "k1" });
      await end({ ownerId: "env:a", keyId: "k2", kind: "tts" });
      await end({ ownerId: "env:a", keyId: "k2", kind: "tts" }, true);
      await end({ ownerId: "env:b", keyId: "k3" });
      await acceptOne(jobs, { ownerId: "env:a" });
      expect(await read({ groupBy: ["workflow", "day", "key"], ownerId: "env:a" })).toEqual([
        expect.objectContaining({ day: today(), key: "k1", workflow: "portrait", generations: 2, bytesOut: 24 }),
        expect.objectContaining({ day: today(), key: "k2", workflow: "tts", generations: 1, bytesOut: 12 }),
      ]);
      expect(await read()).toEqual([
        expect.objectContaining({ owner: "env:a", generations: 3, requests: 0 }),
        expect.objectContaining({ owner: "env:b", generations: 1 }),
      ]);
      expect(await read({ from: "2000-01-01", to: "2000-01-31" })).toEqual([]);
      expect(await read({ rowsMax: 1 })).toHaveLength(1);
    });

    it("counts the bytes of inputs, for each job that had them", async () => {
      const upload = createOutput({ source: "upload" });
      await createAssetRecords(getDatabase().db).insert("env:owner", upload);
      for (let n = 0; n < 2; n++) await end({ inputs: { image: upload.id } });
      expect(await read()).toEqual([expect.objectContaining({ bytesIn: 24, bytesOut: 24 })]);
    });

    it("counts a hand-over of requests once, however often it is repeated, and those of all processes", async () => {
      const counts = createRequestCounts(getDatabase().db);
      const some = (count: number) => [{ day: "2026-01-31", ownerId: "env:a", keyId: "k1", count }];
      for (let n = 0; n < 3; n++) await counts.add("process-1", 1, some(5));
      await counts.add("process-1", 2, some(2));
      await counts.add("process-1", 1, some(5));
      await counts.add("process-2", 1, some(10));
      await counts.add("process-2", 2, []);
      expect(await read({ groupBy: ["workflow", "owner"] })).toEqual([
        expect.objectContaining({ owner: "env:a", workflow: null, requests: 17, generations: 0 }),
      ]);
    });

    it("is the same after the rows of jobs are gone, and while they go", async () => {
      for (let n = 0; n < 3; n++) await end({ ownerId: `env:${n % 2}`, keyId: `k${n}` });
      await end({ ownerId: "env:0" }, true);
      const groupBy = ["day", "owner", "key", "workflow"] as const;
      const before = await read({ groupBy });
      expect(before).toHaveLength(4);
      expect(await removeEndedJobs(getDatabase().db, 90, later(91))).toBe(4);
      expect(await read({ groupBy })).toEqual(before);
      await end({ ownerId: "env:0", keyId: "k0" });
      await removeEndedJobs(getDatabase().db, 90, later(91));
      expect((await read({ groupBy })).find(({ key }) => key === "k0")).toMatchObject({ generations: 2, bytesOut: 24 });
    });
  });

  describe("retention", () => {
    const left = async (table: string) => readCount(getDatabase().db, `comfy.${table}`);

    it("removes what ended long ago with its attempts, inputs and deliveries, and neither files nor younger jobs", async () => {
      const upload = createOutput({ source: "upload" });
      await createAssetRecords(getDatabase().db).insert("env:owner", upload);
      await end({ inputs: { image: upload.id } });
      await acceptOne(jobs);
      expect(await removeEndedJobs(getDatabase().db, 90, later(89))).toBe(0);
      expect(await left("jobs")).toBe(2);
      expect(await removeEndedJobs(getDatabase().db, 90, later(91))).toBe(1);
      for (const table of ["attempts", "job_inputs", "usage", "outbox"]) expect(await left(table)).toBe(0);
      expect([await left("jobs"), await left("assets")]).toEqual([1, 2]);
    });

    it("keeps a job until its delivery is settled", async () => {
      await end({ callbackUrl: "https://example.com/hook" });
      expect(await removeEndedJobs(getDatabase().db, 90, later(91))).toBe(0);
      await sql`update comfy.outbox set due_at = null, delivered_at = clock_timestamp()`.execute(getDatabase().db);
      expect(await removeEndedJobs(getDatabase().db, 90, later(91))).toBe(1);
      expect(await left("outbox")).toBe(0);
    });

    it("removes a job that was retried, and keeps the retry", async () => {
      const id = await end({}, true);
      const retry = await acceptOne(jobs, { retryOf: id });
      expect(await removeEndedJobs(getDatabase().db, 90, later(91))).toBe(1);
      expect(await jobs.find(id)).toBeUndefined();
      expect(await jobs.find(retry)).toMatchObject({ id: retry, retryOf: id });
    });

    it("removes a batch after the last of its jobs", async () => {
      const batch = { id: createId(), ownerId: "env:owner", keyId: "key" };
      const member = (id: string) => ({
        ...{ id, ownerId: "env:owner", keyId: "key", kind: "portrait" as const, batchId: batch.id, inputs: {} },
        plan: { kind: "portrait" as const, workflow: "portrait", version: 1, seed: 7, variants: [], media: [] },
        ...{ isUploadedToCloud: true, requestId: "r", createdAtMs: 1_000, deadlineAtMs: 61_000 },
        ...{ concurrentJobs: null, generationsPerDay: null },
      });
      await jobs.acceptBatch(batch, [member(createId()), member(createId())]);
      for (let n = 0; n < 2; n++) {
        expect(await left("batches")).toBe(1);
        const [claimed] = await jobs.claim({ holder: "worker", count: 1, leaseMs: 60_000 });
        if (!claimed) throw new Error("Nothing could be claimed.");
        await jobs.finish({ jobId: claimed.job.id, lease: claimed.lease, ending: failed, isRefunded: false });
        await removeEndedJobs(getDatabase().db, 90, later(91));
      }
      expect([await left("jobs"), await left("batches")]).toEqual([0, 0]);
    });

    it("removes each job once and loses nothing of its usage when several processes do it at once", async () => {
      for (let n = 0; n < 40; n++) await end({ keyId: `k${n % 3}` });
      const before = await read({ groupBy: ["key"] });
      const removed = await Promise.all(
        Array.from({ length: 6 }, () => removeEndedJobs(getDatabase().db, 90, later(91))),
      );
      expect(removed.reduce((sum, n) => sum + n, 0)).toBe(40);
      expect(await read({ groupBy: ["key"] })).toEqual(before);
    });
  });
}
