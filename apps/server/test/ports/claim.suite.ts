import { beforeEach, describe, expect, it } from "vitest";
import { createAssetRecords } from "../../src/adapters/database/asset-records.ts";
import { createJobStore } from "../../src/adapters/database/job-store.ts";
import { repairOwnerQueue } from "../../src/adapters/database/owner-queue.ts";
import type { JobStore } from "../../src/jobs/job-store.ts";
import {
  acceptAndClaim,
  acceptAndLose,
  acceptOne,
  cancelled,
  claim,
  claimOne,
  complete,
  createAttempt,
  createOutput,
  expired,
  failed,
  type GetDatabase,
} from "./set-up.ts";

/** What claims, leases and attempts promise. */
export function claimSuite(getDatabase: GetDatabase): void {
  let jobs: JobStore;
  beforeEach(() => {
    jobs = createJobStore(getDatabase().db);
  });
  const ids = (claimed: Awaited<ReturnType<typeof claim>>) => claimed.map(({ job }) => job.id);

  describe("claim", () => {
    it("takes the jobs of an owner in the order they were accepted, each once", async () => {
      const first = await acceptOne(jobs);
      const second = await acceptOne(jobs);
      expect(ids(await claim(jobs, 1))).toEqual([first]);
      expect(ids(await claim(jobs, 5))).toEqual([second]);
      expect(await claim(jobs, 5)).toEqual([]);
    });

    it("runs no more jobs of an owner at once than its limit, and the next when one ends", async () => {
      for (let n = 0; n < 3; n++) await acceptOne(jobs, { concurrentJobs: 2 });
      const [one, ...more] = await claim(jobs, 10);
      expect(more).toHaveLength(1);
      expect(await claim(jobs, 10)).toEqual([]);
      if (one) await jobs.finish({ jobId: one.job.id, lease: one.lease, ending: failed, isRefunded: false });
      expect(await claim(jobs, 10)).toHaveLength(1);
    });

    it("takes turns between owners, however many jobs one of them has waiting", async () => {
      for (let n = 0; n < 6; n++) await acceptOne(jobs, { ownerId: "env:heavy" });
      const light = await acceptOne(jobs, { ownerId: "env:light", concurrentJobs: 1 });
      expect(ids(await claim(jobs, 2))).toContain(light);
    });

    it("does not let an owner who was away claim the turns it did not use", async () => {
      for (let n = 0; n < 8; n++) await acceptOne(jobs, { ownerId: "env:busy" });
      await claim(jobs, 4);
      for (let n = 0; n < 4; n++) await acceptOne(jobs, { ownerId: "env:new" });
      const owners = (await claim(jobs, 4)).map(({ job }) => job.ownerId);
      expect(owners.filter((owner) => owner === "env:busy")).toHaveLength(2);
    });

    it("obeys a limit that changed since the owner's last job", async () => {
      await acceptOne(jobs, { concurrentJobs: 1 });
      await acceptOne(jobs, { concurrentJobs: 3 });
      await acceptOne(jobs, { concurrentJobs: 3 });
      expect(await claim(jobs, 10)).toHaveLength(3);
    });

    it("finds a job that is accepted after its owner had gone idle", async () => {
      const { job, lease } = await acceptAndClaim(jobs, { concurrentJobs: 1 });
      await jobs.finish({ jobId: job.id, lease, ending: failed, isRefunded: false });
      expect(await claim(jobs)).toEqual([]);
      const next = await acceptOne(jobs, { concurrentJobs: 1 });
      expect(ids(await claim(jobs))).toEqual([next]);
    });

    it("takes a job over whose lease ran out, under a new epoch, with the attempt and inputs it left", async () => {
      const lost = await acceptAndLose(getDatabase(), { concurrentJobs: 1 });
      await jobs.beginAttempt(lost.lease, createAttempt());
      const heir = await claimOne(jobs);
      expect(heir.job.id).toBe(lost.job.id);
      expect(heir.lease.epoch).toBe(lost.lease.epoch + 1);
      expect(heir.liveAttempt).toMatchObject({ jobId: lost.job.id, n: 1, state: "sent", backendEpoch: "boot-1" });
    });

    it("hands a waiting job that was cancelled meanwhile to a worker, who can end it", async () => {
      const id = await acceptOne(jobs);
      expect(await jobs.requestCancel(id)).toBe(true);
      const { job, lease } = await claimOne(jobs);
      expect(job.isCancelRequested).toBe(true);
      expect(await jobs.finish({ jobId: id, lease, ending: cancelled, isRefunded: true })).toBeDefined();
    });

    it("makes every leased job claimable when all holders are known to be dead", async () => {
      await acceptAndClaim(jobs);
      await acceptAndClaim(jobs);
      expect(await claim(jobs)).toEqual([]);
      expect(await jobs.releaseLeases()).toBe(2);
      expect(await claim(jobs, 5)).toHaveLength(2);
    });
  });

  describe("lease", () => {
    it("refuses everything written under it once another holder took over", async () => {
      const { job, lease } = await acceptAndLose(getDatabase());
      const heir = await claimOne(jobs);
      expect(await jobs.renew([lease, heir.lease], 1_000)).toEqual([heir.lease]);
      expect(await jobs.setState(lease, "running")).toBe(false);
      expect(await jobs.beginAttempt(lease, createAttempt())).toBeUndefined();
      expect(await jobs.postpone(lease, { reason: "no", delayMs: 0 })).toBe(false);
      await jobs.saveProgress(lease, { value: 0.9 });
      const outcome = complete(createOutput());
      expect(await jobs.finish({ jobId: job.id, lease, ending: outcome, isRefunded: false })).toBeUndefined();
      expect(await jobs.find(job.id)).toMatchObject({ state: "pending", outputs: [] });
      expect((await jobs.find(job.id))?.progress).toBeUndefined();
    });

    it("can be prolonged although it ran out, as long as nobody took over", async () => {
      const { lease } = await acceptAndLose(getDatabase());
      expect(await jobs.renew([lease], 60_000)).toEqual([lease]);
      expect(await claim(jobs)).toEqual([]);
    });

    it("is not prolonged for a job that ended", async () => {
      const { job, lease } = await acceptAndClaim(jobs);
      await jobs.finish({ jobId: job.id, ending: expired, isRefunded: false });
      expect(await jobs.renew([lease], 1_000)).toEqual([]);
      expect(await jobs.renew([], 1_000)).toEqual([]);
    });

    it("given back leaves the job pending, its owner's slot free, and nobody claims it too early", async () => {
      const { job, lease } = await acceptAndClaim(jobs, { concurrentJobs: 1 });
      await jobs.setState(lease, "running");
      expect(await jobs.postpone(lease, { reason: "No backend.", delayMs: 60_000 })).toBe(true);
      expect((await jobs.find(job.id))?.state).toBe("pending");
      const other = await acceptOne(jobs, { concurrentJobs: 1 });
      expect(ids(await claim(jobs, 5))).toEqual([other]);
    });

    it("given back without a delay is claimable at once", async () => {
      const { job, lease } = await acceptAndClaim(jobs, { concurrentJobs: 1 });
      await jobs.postpone(lease, { reason: "Try again.", delayMs: 0 });
      expect(ids(await claim(jobs))).toEqual([job.id]);
    });

    it("counts an owner's running jobs anew from the rows", async () => {
      await acceptOne(jobs, { concurrentJobs: 2 });
      await acceptAndClaim(jobs, { concurrentJobs: 2 });
      await repairOwnerQueue(getDatabase().db);
      await acceptOne(jobs, { concurrentJobs: 2 });
      expect(await claim(jobs, 5)).toHaveLength(1);
    });
  });

  describe("attempt", () => {
    it("is numbered, and the only live one of its job", async () => {
      const { lease } = await acceptAndClaim(jobs);
      const first = await jobs.beginAttempt(lease, createAttempt());
      expect(first).toMatchObject({ n: 1, state: "sent", summary: { model: "flux-schnell" }, outputNodes: ["9"] });
      await expect(jobs.beginAttempt(lease, createAttempt())).rejects.toThrow();
      if (first) await jobs.markAttempt(lease, first.id, "lost");
      expect(await jobs.beginAttempt(lease, createAttempt())).toMatchObject({ n: 2 });
    });

    it("moves forward only", async () => {
      const lost = await acceptAndLose(getDatabase());
      const attempt = createAttempt();
      await jobs.beginAttempt(lost.lease, attempt);
      for (const state of ["sent", "acked", "sent"] as const) await jobs.markAttempt(lost.lease, attempt.id, state);
      expect((await claimOne(jobs)).liveAttempt?.state).toBe("acked");
    });

    it("pins each input once", async () => {
      const { lease } = await acceptAndLose(getDatabase());
      const asset = createOutput({ source: "url" });
      await createAssetRecords(getDatabase().db).insert("env:owner", asset);
      await jobs.pinInput(lease, "image", asset.id);
      await jobs.pinInput(lease, "image", asset.id);
      expect((await claimOne(jobs)).inputs).toEqual({ image: asset.id });
    });
  });
}
