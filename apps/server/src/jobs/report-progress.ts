import type { JobProgress } from "@comfy/contracts";
import type { Clock } from "../clock.ts";
import type { EventBus } from "./event-bus.ts";
import type { Lease } from "./job.ts";
import type { JobStore } from "./job-store.ts";

/** Listeners get every step; the row, which pollers read, is written no more often than this. */
const SAVE_EVERY_MS = 1_000;

/** Carries a render's progress outwards. The value never goes down, not over attempts either. */
export function createProgressReport(
  lease: Lease,
  start: number,
  { jobs, events, clock }: { jobs: Pick<JobStore, "saveProgress">; events: EventBus; clock: Clock },
): (progress: JobProgress) => void {
  let highest = start;
  let savedAtMs = Number.NEGATIVE_INFINITY;
  return (progress) => {
    highest = Math.max(highest, progress.value);
    const monotonic = { ...progress, value: highest };
    events.publish(lease.jobId, { type: "progress", ...monotonic });
    if (clock.monotonicMs() - savedAtMs < SAVE_EVERY_MS) return;
    savedAtMs = clock.monotonicMs();
    // Progress is a courtesy: a job must not fail for it.
    jobs.saveProgress(lease, monotonic).catch(() => {});
  };
}
