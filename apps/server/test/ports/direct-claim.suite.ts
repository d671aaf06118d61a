import { sql } from "kysely";
import { beforeEach, describe, expect, it } from "vitest";
import { createAssetRecords } from "../../src/adapters/database/asset-records.ts";
import { createJobStore } from "../../src/adapters/database/job-store.ts";
import { createId } from "../../src/ids.ts";
import type { Acceptance, ClaimedJob, JobStore } from "../../src/jobs/job-store.ts";
import {
  acceptOne,
  claim,
  claimOne,
  createAcceptance,
  createAttempt,
  createOutput,
  failed,
  type GetDatabase,
  MINUTE_MS,
} from "./set-up.ts";

const claimant = { holder: "worker", leaseMs: MINUTE_MS };

/** What an accept promises that takes the job at once. */
export function directClaimSuite(getDatabase: GetDatabase): void {
  let jobs: JobStore;
  beforeEach(() => {
    jobs = createJobStore(getDatabase().db);
  });

  async function acceptDirectly(changes: Partial<Acceptance> = {}): Promise<ClaimedJob | undefined> {
    const outcome = await jobs.accept(createAcceptance(changes), { claim: claimant });
    if (outcome.type !== "accepted") throw new Error(`Not accepted: ${outcome.type}.`);
    return outcome.claimed;
  }
  const finish = ({ job, lease }: ClaimedJob) =>
    jobs.finish({ jobId: job.id, lease, ending: failed, isRefunded: false });
  async function readActive(): Promise<number | undefined> {
    const { rows } = await sql<{ active: number }>`select active from comfy.owner_queue`.execute(getDatabase().db);
    return rows[0]?.active;
  }

  describe("accept and claim at once", () => {
    it("gives the job with a lease that works, and nobody else gets it", async () => {
      const upload = createOutput({ source: "upload" });
      await createAssetRecords(getDatabase().db).insert("env:owner", upload);
      const claimed = await acceptDirectly({ inputs: { picture: upload.id } });
      expect(claimed).toMatchObject({ lease: { epoch: 1 }, inputs: { picture: upload.id }, pastAttempts: [] });
      expect(await claim(jobs, 5)).toEqual([]);
      const lease = claimed?.lease ?? { jobId: "", epoch: 0 };
      expect(await jobs.beginAttempt(lease, createAttempt())).toMatchObject({ n: 1, state: "sent" });
      expect(claimed && (await finish(claimed))).toBeTruthy();
    });

    it("takes no more jobs of an owner than its limit, and again when one ended", async () => {
      const limit = { concurrentJobs: 2 };
      const [one, two, three] = [await acceptDirectly(limit), await acceptDirectly(limit), await acceptDirectly(limit)];
      expect([one, two, three].map(Boolean)).toEqual([true, true, false]);
      expect(await readActive()).toBe(2);
      if (one) await finish(one);
      expect(await claim(jobs, 5)).toHaveLength(1);
      expect(await readActive()).toBe(2);
    });

    it("never overtakes a job that waits and could run", async () => {
      const waiting = await acceptOne(jobs, { ownerId: "env:other" });
      expect(await acceptDirectly()).toBeUndefined();
      expect((await claimOne(jobs)).job.id).toBe(waiting);
    });

    it("does not wait behind an owner whose limit is used up", async () => {
      const limited = { ownerId: "env:other", concurrentJobs: 1 };
      await acceptDirectly(limited);
      await acceptOne(jobs, limited);
      expect(await acceptDirectly()).toBeDefined();
    });

    it("works again once what waited has been taken", async () => {
      await acceptOne(jobs);
      await claim(jobs, 5);
      expect(await acceptDirectly()).toBeDefined();
    });

    it("leaves a job waiting that nothing here can render", async () => {
      const outcome = await jobs.accept(createAcceptance({ needs: "image/huge" }), {
        claim: { ...claimant, unfit: ["image/huge"] },
      });
      expect(outcome).not.toHaveProperty("claimed");
      expect(await claim(jobs)).toHaveLength(1);
    });

    it("is nothing to a request that is refused or replayed", async () => {
      const idempotency = { surface: "v1", key: "k", fingerprint: "f" } as const;
      const limit = { concurrentJobs: 5, idempotency };
      await acceptDirectly(limit);
      const again = await jobs.accept(createAcceptance(limit), { claim: claimant });
      expect(again.type).toBe("replayed");
      expect(again).not.toHaveProperty("claimed");
      const refused = createAcceptance({ concurrentJobs: 5, generationsPerDay: 0 });
      expect((await jobs.accept(refused, { claim: claimant })).type).toBe("generations_exhausted");
      expect(await readActive()).toBe(1);
    });

    it("obeys a limit that is new with this very request", async () => {
      await acceptDirectly({ concurrentJobs: 5 });
      await acceptDirectly({ concurrentJobs: 1 });
      expect(await claim(jobs, 5)).toEqual([]);
    });

    it("keeps the idempotency keys of the two surfaces apart", async () => {
      const idempotency = { key: "same", fingerprint: "f" };
      await acceptOne(jobs, { idempotency: { ...idempotency, surface: "v1" } });
      await acceptOne(jobs, { idempotency: { ...idempotency, surface: "product" } });
    });

    it("leaves nothing behind for the owner's counters when jobs come and go", async () => {
      for (let n = 0; n < 5; n++) {
        const claimed = await acceptDirectly({ id: createId(), concurrentJobs: 1 });
        expect(claimed && (await finish(claimed))).toBeTruthy();
      }
      expect(await readActive()).toBe(0);
    });
  });
}
