import type { Lease } from "../jobs/job.ts";
import type { ClaimedJob, JobStore } from "../jobs/job-store.ts";
import type { RunJob } from "../jobs/run-job.ts";
import type { LifecyclePart } from "../lifecycle.ts";
import type { Log } from "../log.ts";
import { createLoop } from "./loop.ts";

const LEASE_MS = 30_000;
const RENEW_EVERY_MS = 10_000;
const CLAIM_EVERY_MS = 1_000;

export interface WorkerDeps {
  readonly jobs: Pick<JobStore, "claim" | "renew" | "releaseLeases">;
  readonly runJob: RunJob;
  readonly log: Log;
  /** Names this process in leases. */
  readonly holder: string;
  /** Jobs worked on at once: those that render, and as many that fetch inputs or store outputs meanwhile. */
  readonly runsMax: number;
  /** True when this process is the only one: then leases found at the start belong to the dead. */
  readonly isAlone: boolean;
}

export interface Worker extends LifecyclePart {
  /** A job may be claimable. */
  knock(): void;
}

interface Run {
  readonly lease: Lease;
  readonly detach: AbortController;
  readonly done: Promise<void>;
}

/** The back door: claims jobs and works on them; what it holds when it stops is taken up by the next one. */
export function createWorker(deps: WorkerDeps): Worker {
  const runs = new Map<string, Run>();
  const claiming = createLoop({ name: "claim", everyMs: CLAIM_EVERY_MS, log: deps.log, run: claim });
  const renewing = createLoop({ name: "lease", everyMs: RENEW_EVERY_MS, log: deps.log, run: renew });

  async function claim(): Promise<boolean> {
    const count = deps.runsMax - runs.size;
    if (count <= 0) return false;
    const claimed = await deps.jobs.claim({ holder: deps.holder, count, leaseMs: LEASE_MS });
    for (const job of claimed) begin(job);
    return false;
  }

  function begin(claimed: ClaimedJob): void {
    const { lease } = claimed;
    const detach = new AbortController();
    const done = deps
      .runJob(claimed, detach.signal)
      .catch((error: unknown) => {
        // Nothing is lost: the lease runs out and the job is claimed again.
        deps.log.error({ jobId: lease.jobId, error }, "A run broke off.");
      })
      .finally(() => {
        runs.delete(lease.jobId);
        claiming.knock();
      });
    runs.set(lease.jobId, { lease, detach, done });
  }

  async function renew(): Promise<boolean> {
    const held = [...runs.values()].map(({ lease }) => lease);
    if (held.length === 0) return false;
    const kept = new Set((await deps.jobs.renew(held, LEASE_MS)).map(({ jobId }) => jobId));
    for (const { jobId } of held) {
      if (kept.has(jobId)) continue;
      const run = runs.get(jobId);
      if (run === undefined) continue;
      deps.log.warn({ jobId }, "The lease of a job was lost; letting go of it.");
      run.detach.abort(new Error("The lease was lost."));
    }
    return false;
  }

  return {
    name: "worker",
    knock: claiming.knock,
    async start() {
      if (deps.isAlone) {
        const count = await deps.jobs.releaseLeases();
        if (count > 0) deps.log.info({ count }, "Jobs that an earlier process left are taken up again.");
      }
      for (const loop of [claiming, renewing]) loop.start();
    },
    /** Waits for what runs; renders that outlast the wait go on without us and are taken up at the next start. */
    async drain(signal) {
      await claiming.stop();
      const { promise: isTimeUp, resolve } = Promise.withResolvers<void>();
      signal.addEventListener("abort", () => resolve(), { once: true });
      await Promise.race([Promise.all([...runs.values()].map(({ done }) => done)), isTimeUp]);
    },
    async stop() {
      const left = [...runs.values()];
      for (const { detach } of left) detach.abort(new Error("The service is stopping."));
      await Promise.all([...left.map(({ done }) => done), renewing.stop(), claiming.stop()]);
    },
  };
}
