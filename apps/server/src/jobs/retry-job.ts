import { isTerminal } from "@comfy/contracts";
import type { Caller } from "../access/caller.ts";
import { AppError } from "../errors.ts";
import { findOwnJob } from "./find-own-job.ts";
import type { Job } from "./job.ts";
import type { JobStore } from "./job-store.ts";
import type { SubmitJob, Submitted } from "./submit-job.ts";

export interface RetryRequest {
  readonly caller: Caller;
  readonly id: string;
  readonly requestId: string;
  readonly signal: AbortSignal;
}

/** `isReplay`: the job was tried again before, by the job that is given. */
export type RetryJob = (request: RetryRequest) => Promise<Submitted>;

export interface RetryJobDeps {
  readonly jobs: Pick<JobStore, "find">;
  readonly submitJob: SubmitJob;
}

/** Tries a job again that gave no result: a new job of the same plan, because what has ended does not change any more. */
export function createRetryJob({ jobs, submitJob }: RetryJobDeps): RetryJob {
  return async function retryJob({ caller, id, requestId, signal }) {
    const job = await findOwnJob(jobs, { ownerId: caller.ownerId, id });
    assertRetryable(job);
    // Also when it could not run by now: whoever lost the first answer gets it here.
    const earlier = job.retriedBy === undefined ? undefined : await jobs.find(job.retriedBy);
    if (earlier !== undefined) return { job: earlier, isReplay: true, isHere: false };
    const { kind, plan, isUploadedToCloud, priority, callbackUrl, metadata } = job;
    return submitJob({
      ...{ caller, kind, plan, isUploadedToCloud, requestId, signal },
      input: undefined,
      retryOf: job.id,
      surface: "v1",
      body: new Uint8Array(),
      ...(priority !== undefined && { priority }),
      ...(callbackUrl !== undefined && { callbackUrl }),
      ...(metadata !== undefined && { metadata }),
    });
  };
}

function assertRetryable(job: Job): void {
  if (!isTerminal(job.state)) {
    throw new AppError("job_not_finished", "The job goes on: only one that failed or was cancelled is tried again.", {
      job,
    });
  }
  if (job.state === "complete") {
    throw new AppError("job_already_finished", "The job has completed: there is nothing to try again.", { job });
  }
}
