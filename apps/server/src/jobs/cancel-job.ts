import { isTerminal } from "@comfy/contracts";
import { AppError } from "../errors.ts";
import type { EventBus } from "./event-bus.ts";
import { findOwnJob, type JobAddress } from "./find-own-job.ts";
import type { FinishJob } from "./finish-job.ts";
import type { Job, JobFailure } from "./job.ts";
import type { JobStore } from "./job-store.ts";
import type { JobWatcher } from "./watch-jobs.ts";

/** An interrupt is cooperative and takes effect between two steps; after this the answer is "processing" and polling tells the rest. */
const CONFIRM_WITHIN_MS = 3_000;

export const cancelledFailure: JobFailure = { code: "cancelled", message: "The job was cancelled." };

export interface CancelJobDeps {
  readonly jobs: Pick<JobStore, "find" | "requestCancel">;
  readonly finishJob: FinishJob;
  readonly watcher: JobWatcher;
  readonly events: EventBus;
}

export type CancelJob = (address: JobAddress) => Promise<Job>;

/** Cancels a job by id. One that waits ends at once; one that runs ends when its backend has confirmed. */
export function createCancelJob({ jobs, finishJob, watcher, events }: CancelJobDeps): CancelJob {
  return async function cancelJob(address) {
    const job = await findOwnJob(jobs, address);
    if (job.state === "cancelled") return job;
    const isAsked = !isTerminal(job.state) && (await jobs.requestCancel(job.id));
    if (!isAsked) {
      throw new AppError("job_already_finished", `The job has ended already: it is ${job.state}.`, { job });
    }
    if (job.state === "pending") {
      await finishJob({ jobId: job.id, ending: { state: "cancelled", failure: cancelledFailure }, isRefunded: true });
    }
    events.publish(job.id, { type: "cancel_requested" });
    const ended = await watcher.waitForEnding(job.id, {
      timeoutMs: CONFIRM_WITHIN_MS,
      signal: new AbortController().signal,
    });
    return ended ?? findOwnJob(jobs, address);
  };
}
