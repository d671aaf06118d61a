import { jobStates, jobStateWords, type V1JobStatus } from "@comfy/contracts";
import type { JobFilter, JobPage, JobStore } from "./job-store.ts";

export interface ListRequest extends Omit<JobFilter, "states" | "batchId"> {
  /** Absent: all. */
  readonly statuses?: readonly V1JobStatus[];
}

export type ListJobs = (request: ListRequest) => Promise<JobPage>;

/** A page of an owner's jobs, newest first, whichever surface they were made on. */
export function createListJobs({ jobs }: { readonly jobs: Pick<JobStore, "list"> }): ListJobs {
  return function listJobs({ statuses, ...filter }) {
    if (statuses === undefined) return jobs.list(filter);
    const states = jobStates.filter((state) => statuses.includes(jobStateWords[state].v1));
    return jobs.list({ ...filter, states });
  };
}
