import { isTerminal } from "@comfy/contracts";
import type { Attention } from "./attention.ts";
import { findOwnJob, type JobAddress } from "./find-own-job.ts";
import type { Job } from "./job.ts";
import type { JobStore } from "./job-store.ts";
import type { JobWatcher } from "./watch-jobs.ts";

export interface ReadJobDeps {
  readonly jobs: Pick<JobStore, "find">;
  readonly watcher: JobWatcher;
  readonly attention: Attention;
}

export type ReadJob = (
  request: JobAddress & { readonly waitMs?: number; readonly signal: AbortSignal },
) => Promise<Job>;

/** Reads a job; with `waitMs` the answer is held until the job ends or the time is up. */
export function createReadJob({ jobs, watcher, attention }: ReadJobDeps): ReadJob {
  return async function readJob({ waitMs = 0, signal, ...address }) {
    const job = await findOwnJob(jobs, address);
    attention.mark(job.id);
    if (waitMs === 0 || isTerminal(job.state)) return job;
    return (await watcher.waitForEnding(job.id, { timeoutMs: waitMs, signal })) ?? findOwnJob(jobs, address);
  };
}
