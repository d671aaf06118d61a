import type { FinishJob } from "../jobs/finish-job.ts";
import type { JobStore } from "../jobs/job-store.ts";
import type { LifecyclePart } from "../lifecycle.ts";
import type { Log } from "../log.ts";
import { createLoop } from "./loop.ts";

const LOOK_EVERY_MS = 5_000;
const AT_ONCE = 100;

export interface SweeperDeps {
  readonly jobs: Pick<JobStore, "findOverdue">;
  readonly finishJob: FinishJob;
  readonly log: Log;
}

/** Ends jobs that wait past their deadline; one that runs watches its deadline itself. */
export function createSweeper({ jobs, finishJob, log }: SweeperDeps): LifecyclePart {
  const loop = createLoop({
    name: "deadline",
    everyMs: LOOK_EVERY_MS,
    log,
    async run() {
      const overdue = await jobs.findOverdue(AT_ONCE);
      for (const { id } of overdue) {
        const failure = { code: "deadline_exceeded" as const, message: "The job did not end before its deadline." };
        await finishJob({ jobId: id, ending: { state: "expired", failure }, isRefunded: true });
      }
      return overdue.length === AT_ONCE;
    },
  });
  return { name: "sweeper", start: async () => loop.start(), stop: () => loop.stop() };
}
