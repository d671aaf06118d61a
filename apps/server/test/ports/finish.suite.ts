import { sql } from "kysely";
import { beforeEach, describe, expect, it } from "vitest";
import { createJobStore } from "../../src/adapters/database/job-store.ts";
import { createId } from "../../src/ids.ts";
import type { JobStore } from "../../src/jobs/job-store.ts";
import {
  acceptAndClaim,
  acceptAndLose,
  acceptOne,
  cancelled,
  claimOne,
  complete,
  createAttempt,
  createOutput,
  expired,
  failed,
  type GetDatabase,
  readCount,
} from "./set-up.ts";

/** What `finish` and cancellation promise. */
export function finishSuite(getDatabase: GetDatabase): void {
  let jobs: JobStore;
  beforeEach(() => {
    jobs = createJobStore(getDatabase().db);
  });

  describe("finish", () => {
    it("writes state, outputs in order, usage and the callback together", async () => {
      const { job, lease } = await acceptAndClaim(jobs, { callbackUrl: "https://example.com/hook" });
      await jobs.setState(lease, "running");
      const attempt = createAttempt();
      await jobs.beginAttempt(lease, attempt);
      const outputs = [createOutput({ name: "first.png" }), createOutput({ name: "second.png", index: 1 })];
      const finish = { jobId: job.id, lease, attemptId: attempt.id, ending: complete(...outputs), isRefunded: false };
      const ended = await jobs.finish(finish);
      expect(ended).toEqual(await jobs.find(job.id));
      expect(ended).toMatchObject({
        state: "complete",
        summary: { model: "flux-schnell", prompt: "a viking" },
        outputs: outputs.map(({ id, name, blob }) => ({ id, name, jobId: job.id, sha256: blob.sha256, sizeBytes: 12 })),
      });
      expect(ended?.completedAtMs).toBeGreaterThanOrEqual(ended?.startedAtMs ?? Number.POSITIVE_INFINITY);
      for (const table of ["comfy.usage", "comfy.outbox"]) expect(await readCount(getDatabase().db, table)).toBe(1);
    });

    it("ends a job once: later endings are discarded whole", async () => {
      const { job, lease } = await acceptAndClaim(jobs);
      expect(await jobs.finish({ jobId: job.id, lease, ending: failed, isRefunded: false })).toBeDefined();
      const late = complete(createOutput());
      expect(await jobs.finish({ jobId: job.id, lease, ending: late, isRefunded: false })).toBeUndefined();
      expect(await jobs.finish({ jobId: job.id, ending: expired, isRefunded: true })).toBeUndefined();
      expect(await jobs.find(job.id)).toMatchObject({ state: "failed", failure: failed.failure, outputs: [] });
      expect(await readCount(getDatabase().db, "comfy.assets")).toBe(0);
    });

    it("makes ended rows immutable, even for a statement that tries", async () => {
      const { job, lease } = await acceptAndClaim(jobs);
      await jobs.finish({ jobId: job.id, lease, ending: failed, isRefunded: false });
      const edit = sql`update comfy.jobs set state = 'pending', completed_at = null where id = ${job.id}::uuid`;
      await expect(edit.execute(getDatabase().db)).rejects.toThrow("has ended");
    });

    it("stores equal bytes once, whoever made them", async () => {
      const blob = { sha256: "ab".repeat(32), sizeBytes: 5, location: "ab/ab" };
      for (const ownerId of ["env:a", "env:b"]) {
        const { job, lease } = await acceptAndClaim(jobs, { ownerId });
        const ending = complete(createOutput({ blob }), createOutput({ blob, index: 1 }));
        expect(await jobs.finish({ jobId: job.id, lease, ending, isRefunded: false })).toBeDefined();
      }
      expect(await readCount(getDatabase().db, "comfy.blobs")).toBe(1);
      expect(await readCount(getDatabase().db, "comfy.assets")).toBe(4);
    });

    it("keeps sizes above 32 bits and texts with zero characters", async () => {
      const { job, lease } = await acceptAndClaim(jobs);
      const blob = { sha256: "cd".repeat(32), sizeBytes: 2 ** 53 - 1, location: "cd" };
      const ending = complete(createOutput({ name: "a\0b.png", node: "9\0", blob }));
      expect(await jobs.finish({ jobId: job.id, lease, ending, isRefunded: false })).toBeDefined();
      expect((await jobs.find(job.id))?.outputs).toMatchObject([{ name: "a\uFFFDb.png", sizeBytes: 2 ** 53 - 1 }]);
    });

    it("keeps the details of a failure as they came, whatever is in them", async () => {
      const { job, lease } = await acceptAndClaim(jobs);
      const failure = { ...failed.failure, message: "a\0b", details: { node: "3", trace: "\0\uD800", deep: [[{}]] } };
      await jobs.finish({ jobId: job.id, lease, ending: { state: "failed", failure }, isRefunded: false });
      expect((await jobs.find(job.id))?.failure).toEqual(failure);
    });

    it("refuses the ending of an attempt that was superseded", async () => {
      const { job, lease } = await acceptAndClaim(jobs);
      const attempt = createAttempt();
      await jobs.beginAttempt(lease, attempt);
      await jobs.markAttempt(lease, attempt.id, "superseded");
      const finish = { jobId: job.id, lease, attemptId: attempt.id, ending: complete(), isRefunded: false };
      expect(await jobs.finish(finish)).toBeUndefined();
      expect(await jobs.finish({ ...finish, attemptId: createId() })).toBeUndefined();
      expect(await readCount(getDatabase().db, "comfy.orphan_prompts")).toBe(1);
    });

    it("ends a job at its deadline although somebody holds it, and remembers the prompt it leaves on the backend", async () => {
      const { job, lease } = await acceptAndClaim(jobs, { concurrentJobs: 1 });
      await jobs.beginAttempt(lease, createAttempt());
      expect(await jobs.finish({ jobId: job.id, ending: expired, isRefunded: false })).toBeDefined();
      expect(await readCount(getDatabase().db, "comfy.orphan_prompts")).toBe(1);
      await acceptOne(jobs, { concurrentJobs: 1 });
      await claimOne(jobs);
    });

    it("finds only overdue jobs that nobody works on", async () => {
      const past = { createdAtMs: 10_000, deadlineAtMs: 9_000 };
      await acceptAndClaim(jobs, past);
      const lost = await acceptAndLose(getDatabase(), past);
      const waiting = await acceptOne(jobs, past);
      await acceptOne(jobs);
      const overdue = await jobs.findOverdue(10);
      expect(overdue.map(({ id }) => id).sort()).toEqual([lost.job.id, waiting].sort());
      expect(await jobs.findOverdue(1)).toHaveLength(1);
    });
  });

  describe("usage", () => {
    const readUsage = async () => {
      const { rows } = await sql<{ worked_ms: number; wasted_ms: number; attempts: number; is_refunded: boolean }>`
        select * from comfy.usage`.execute(getDatabase().db);
      return rows[0];
    };
    const inSeconds = (ms: number | undefined) => Math.round((ms ?? -1_000) / 1_000);

    it("charges the owner for the attempt that won, and the house for those that came to nothing", async () => {
      const { job, lease } = await acceptAndClaim(jobs);
      const [lost, won] = [createAttempt(), createAttempt()];
      await jobs.beginAttempt(lease, lost);
      const died = { attemptId: lost.id, beganAgoMs: 100_000 };
      await jobs.markAttempt(lease, lost.id, "lost", "backend_died", died);
      await jobs.beginAttempt(lease, won);
      await jobs.finish({
        ...{ jobId: job.id, lease, attemptId: won.id, ending: complete(createOutput()), isRefunded: false },
        span: { attemptId: won.id, beganAgoMs: 7_000, endedAgoMs: 0 },
      });
      const usage = await readUsage();
      expect(usage).toMatchObject({ attempts: 2, bytes_in: 0, bytes_out: 12 });
      expect(inSeconds(usage?.worked_ms)).toBe(7);
      expect(Math.round((usage?.wasted_ms ?? 0) / 10_000)).toBe(10);
    });

    it("charges for what ran alone: not for the queue of the backend, and nothing when nobody saw it run", async () => {
      for (const { span, seconds } of [
        { span: { beganAgoMs: 10_000, endedAgoMs: 0 }, seconds: 10 },
        { span: { endedAgoMs: 0 }, seconds: 0 },
      ]) {
        await sql`delete from comfy.usage`.execute(getDatabase().db);
        const { job, lease } = await acceptAndClaim(jobs);
        const { id: attemptId } = (await jobs.beginAttempt(lease, createAttempt())) ?? { id: "" };
        await sql`update comfy.attempts set created_at = created_at - interval '60 seconds'`.execute(getDatabase().db);
        const ending = complete(createOutput());
        const finish = { jobId: job.id, lease, attemptId, ending, isRefunded: false };
        await jobs.finish({ ...finish, span: { attemptId, ...span } });
        const usage = await readUsage();
        expect([inSeconds(usage?.worked_ms), usage?.wasted_ms]).toEqual([seconds, 0]);
      }
    });

    it("charges nobody for a store that is down: what one worker saw of the render counts for the next", async () => {
      const { job, lease } = await acceptAndClaim(jobs);
      const { id: attemptId } = (await jobs.beginAttempt(lease, createAttempt())) ?? { id: "" };
      await jobs.noteRender(lease, { attemptId, beganAgoMs: 107_000, endedAgoMs: 100_000 });
      await jobs.postpone(lease, { reason: "The disk is full.", delayMs: 0 });
      const heir = await claimOne(jobs);
      const late = { attemptId, beganAgoMs: 50_000, endedAgoMs: 0 };
      await jobs.noteRender(lease, late);
      await jobs.noteRender(heir.lease, late);
      const ending = complete(createOutput());
      await jobs.finish({ jobId: job.id, lease: heir.lease, attemptId, ending, isRefunded: false, span: late });
      expect(inSeconds((await readUsage())?.worked_ms)).toBe(7);
    });

    it("charges nothing for what was given back, and for a job that was cancelled in mid-render its last attempt", async () => {
      for (const { isRefunded, ending } of [
        { isRefunded: true, ending: failed },
        { isRefunded: false, ending: cancelled },
      ]) {
        await sql`delete from comfy.usage`.execute(getDatabase().db);
        const { job, lease } = await acceptAndClaim(jobs);
        const attempt = createAttempt();
        await jobs.beginAttempt(lease, attempt);
        const span = { attemptId: attempt.id, beganAgoMs: 5_000 };
        await jobs.finish({ jobId: job.id, lease, ending, isRefunded, span });
        const usage = await readUsage();
        const [charged, borne] = [usage?.worked_ms ?? -1, usage?.wasted_ms ?? -1];
        expect(isRefunded ? borne : charged).toBeGreaterThanOrEqual(5_000);
        expect(isRefunded ? charged : borne).toBe(0);
      }
    });
  });

  describe("cancel", () => {
    it("of a job that waits is ended by whoever asks", async () => {
      const id = await acceptOne(jobs);
      expect(await jobs.requestCancel(id)).toBe(true);
      expect(await jobs.isCancelRequested(id)).toBe(true);
      expect((await jobs.find(id))?.state).toBe("pending");
      expect(await jobs.finish({ jobId: id, ending: cancelled, isRefunded: true })).toBeDefined();
      expect((await jobs.find(id))?.state).toBe("cancelled");
    });

    it("of a job that somebody works on is left to that worker", async () => {
      const { job, lease } = await acceptAndClaim(jobs);
      await jobs.setState(lease, "running");
      await jobs.requestCancel(job.id);
      expect((await jobs.find(job.id))?.state).toBe("cancelling");
      expect(await jobs.finish({ jobId: job.id, ending: cancelled, isRefunded: false })).toBeUndefined();
      expect(await jobs.finish({ jobId: job.id, lease, ending: cancelled, isRefunded: false })).toBeDefined();
    });

    it("comes too late for a job that ended, and success that was already there wins", async () => {
      const { job, lease } = await acceptAndClaim(jobs);
      expect(await jobs.isCancelRequested(job.id)).toBe(false);
      await jobs.requestCancel(job.id);
      expect(await jobs.finish({ jobId: job.id, lease, ending: complete(), isRefunded: false })).toBeDefined();
      expect(await jobs.requestCancel(job.id)).toBe(false);
      expect((await jobs.find(job.id))?.state).toBe("complete");
    });
  });
}
