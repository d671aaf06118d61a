import type { JobStore } from "../jobs/job-store.ts";
import type { Log } from "../log.ts";
import type { ActiveRuns } from "./active-runs.ts";
import { createLoop, type Loop } from "./loop.ts";

export interface LeaseLoopDeps {
  readonly jobs: Pick<JobStore, "renew">;
  readonly runs: Pick<ActiveRuns, "leases" | "detach">;
  readonly leaseMs: number;
  readonly log: Log;
}

/** Prolongs the leases of the jobs that are worked on; a job whose lease is lost is let go of. */
export function createLeaseLoop({ jobs, runs, leaseMs, log }: LeaseLoopDeps): Loop {
  async function renew(): Promise<boolean> {
    const held = runs.leases();
    if (held.length === 0) return false;
    const kept = new Set((await jobs.renew(held, leaseMs)).map(({ jobId }) => jobId));
    for (const lease of held) if (!kept.has(lease.jobId)) runs.detach(lease);
    return false;
  }
  return createLoop({ name: "lease", everyMs: leaseMs / 3, log, run: renew });
}
