import { AppError } from "../errors.ts";
import { isId } from "../ids.ts";
import type { Job } from "./job.ts";
import type { JobStore } from "./job-store.ts";

export interface JobAddress {
  readonly ownerId: string;
  /** Where a path names the kind: a job of another kind is not at that path. */
  readonly kind?: string;
  readonly id: string;
}

/** A job of this owner. Somebody else's, an unknown id and a wrong kind are told apart to nobody. */
export async function findOwnJob(jobs: Pick<JobStore, "find">, { ownerId, kind, id }: JobAddress): Promise<Job> {
  const job = isId(id) ? await jobs.find(id) : undefined;
  if (job === undefined || job.ownerId !== ownerId || (kind !== undefined && job.kind !== kind)) {
    const what = kind === undefined ? "job" : `${kind} job`;
    throw new AppError("job_not_found", `No ${what} with the id ${id} belongs to this key.`);
  }
  return job;
}
