import { sql } from "kysely";
import { describe, expect, it } from "vitest";
import { createBackendLeases } from "../../src/adapters/database/backend-leases.ts";
import { createBatchStore } from "../../src/adapters/database/batch-store.ts";
import { createJobStore } from "../../src/adapters/database/job-store.ts";
import { createId } from "../../src/ids.ts";
import type { ClaimedJob, JobStore } from "../../src/jobs/job-store.ts";
import {
  acceptAndClaim,
  acceptOne,
  claim,
  createAcceptance,
  createAttempt,
  failed,
  type GetDatabase,
  MINUTE_MS,
} from "./set-up.ts";

const times = <T>(count: number, run: (n: number) => Promise<T>) =>
  Promise.all(Array.from({ length: count }, (_, n) => run(n)));
const claimant = { holder: "worker", leaseMs: MINUTE_MS };

/** What holds when many processes share owners and backends. */
export function manyProcessesSuite(getDatabase: GetDatabase): void {
  const open = () => createJobStore(getDatabase().db);

  async function acceptDirectly(jobs: JobStore, concurrentJobs: number | null): Promise<ClaimedJob[]> {
    const outcome = await jobs.accept(createAcceptance({ concurrentJobs }), { claim: claimant });
    return outcome.type === "accepted" && outcome.claimed ? [outcome.claimed] : [];
  }
  const finish = (jobs: JobStore, { job, lease }: ClaimedJob) =>
    jobs.finish({ jobId: job.id, lease, ending: failed, isRefunded: false });
  /** What the counter of the owner says beside what its rows say. */
  async function readSlots(): Promise<unknown> {
    const { rows } = await sql`
      select o.active as counted, (select count(*)::integer from comfy.jobs j where j.holds_slot) as held
      from comfy.owner_queue o`.execute(getDatabase().db);
    return rows[0];
  }

  describe("many processes", () => {
    it("never hold one backend together, and raise its epoch whenever it changes hands", async () => {
      const leases = createBackendLeases(getDatabase().db);
      const configured = ["a", "b", "c", "d", "e"];
      const epochs = new Map<string, number>();
      for (let round = 0; round < 15; round++) {
        const held = await times(6, (n) => leases.hold({ holder: `p${n}`, configured, leaseMs: MINUTE_MS }));
        const owned = held.flat();
        expect(new Set(owned.map(({ backendId }) => backendId)).size).toBe(owned.length);
        for (const { backendId, epoch } of owned) {
          expect(epoch).toBeGreaterThan(epochs.get(backendId) ?? 0);
          epochs.set(backendId, epoch);
        }
        await sql`update comfy.backend_leases set expires_at = clock_timestamp() - interval '1 second'`.execute(
          getDatabase().db,
        );
        await sql`update comfy.backend_leases set holder = 'dead'`.execute(getDatabase().db);
      }
      expect(epochs.size).toBe(configured.length);
    });

    it("begin one attempt at the most of a job whose backend changes hands at that moment", async () => {
      const jobs = open();
      const leases = createBackendLeases(getDatabase().db);
      const [before] = await leases.hold({ holder: "old", configured: ["a"], leaseMs: 30 });
      const { lease } = await acceptAndClaim(jobs);
      const begin = (backendLease: { holder: string; epoch: number }) =>
        jobs.beginAttempt(lease, { ...createAttempt(createId()), backendId: "a", backendLease }).catch(() => undefined);
      const taken = await times(20, async () => {
        const [now] = await leases.hold({ holder: "new", configured: ["a"], leaseMs: MINUTE_MS });
        await begin({ holder: "old", epoch: before?.epoch ?? 0 });
        return now ? [await begin({ holder: "new", epoch: now.epoch })] : [];
      });
      expect(taken.flat().filter(Boolean).length).toBeLessThanOrEqual(1);
      const { rows } = await sql<{ n: number }>`select count(*)::integer as n from comfy.attempts`.execute(
        getDatabase().db,
      );
      expect(rows[0]?.n).toBeLessThanOrEqual(1);
    });

    it("take no more jobs of an owner than its limit, when fifty are accepted and claimed at once", async () => {
      const jobs = open();
      const direct = (await times(50, () => acceptDirectly(jobs, 4))).flat();
      expect(direct.length).toBeLessThanOrEqual(4);
      const claimed = (await times(10, () => claim(jobs, 5))).flat();
      const rest = await claim(jobs, 50);
      expect(direct.length + claimed.length + rest.length).toBe(4);
      expect(await readSlots()).toEqual({ counted: 4, held: 4 });
    });

    it("lose no job and no slot of an owner that everybody accepts, claims and ends for at once", async () => {
      const jobs = open();
      let ended = 0;
      await times(16, async () => {
        for (let round = 0; round < 12; round++) {
          const mine = [...(await acceptDirectly(jobs, 3)), ...(await claim(jobs, 2))];
          for (const claimed of mine) if (await finish(jobs, claimed)) ended += 1;
        }
      });
      for (;;) {
        const rest = await claim(jobs, 50);
        if (rest.length === 0) break;
        for (const claimed of rest) if (await finish(jobs, claimed)) ended += 1;
      }
      expect(ended).toBe(16 * 12);
      expect(await readSlots()).toEqual({ counted: 0, held: 0 });
    });

    it("serve two owners by the weight of each", async () => {
      const jobs = open();
      const owners = { "env:free": 1, "env:pro": 4 };
      for (const [ownerId, weight] of Object.entries(owners)) {
        await times(60, () => acceptOne(jobs, { ownerId, weight }));
      }
      const served: string[] = [];
      for (let n = 0; n < 25; n++) served.push(...(await claim(jobs, 2)).map(({ job }) => job.ownerId));
      const pro = served.filter((owner) => owner === "env:pro").length;
      expect(served).toHaveLength(50);
      expect(pro).toBeGreaterThanOrEqual(38);
      expect(pro).toBeLessThanOrEqual(42);
    });

    it("retry a job once, and accept a batch of one idempotency key once", async () => {
      const jobs = open();
      const { job, lease } = await acceptAndClaim(jobs);
      await jobs.finish({ jobId: job.id, lease, ending: failed, isRefunded: false });
      const retries = await times(20, () => jobs.accept(createAcceptance({ retryOf: job.id })));
      expect(retries.filter(({ type }) => type === "accepted")).toHaveLength(1);
      const idempotency = { surface: "v1", key: "k", fingerprint: "f" } as const;
      const batches = await times(10, () =>
        jobs.acceptBatch({ id: createId(), ownerId: "env:owner", keyId: "key", idempotency }, [createAcceptance()]),
      );
      expect(batches.filter(({ type }) => type === "accepted")).toHaveLength(1);
      expect(batches.filter(({ type }) => type === "replayed")).toHaveLength(9);
    });

    it("cancel, wake, postpone and claim the same jobs without a deadlock or a job that is forgotten", async () => {
      const jobs = open();
      const batch = { id: createId(), ownerId: "env:owner", keyId: "key" };
      const acceptances = Array.from({ length: 40 }, () => createAcceptance({ batchId: batch.id }));
      await jobs.acceptBatch(batch, acceptances);
      await times(12, async (n) => {
        for (let round = 0; round < 8; round++) {
          for (const { lease } of await claim(jobs, 4)) {
            await jobs.postpone(lease, { reason: "later", delayMs: (round + n) % 3 });
          }
          if (n % 4 === 0) await jobs.wakePostponed();
          if (n % 6 === 0) await createBatchStore(getDatabase().db).requestCancel("env:owner", batch.id);
        }
      });
      await jobs.wakePostponed();
      expect(await claim(jobs, 100)).toHaveLength(acceptances.length);
    });
  });
}
