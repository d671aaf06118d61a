import { batchJobsMax } from "@comfy/contracts";
import { AppError } from "../errors.ts";
import { isId } from "../ids.ts";
import type { Batch, BatchStore } from "./batch-store.ts";
import type { Job } from "./job.ts";
import type { JobStore } from "./job-store.ts";

export interface BatchAddress {
  readonly ownerId: string;
  readonly id: string;
}

export interface ReadBatchDeps {
  readonly batches: Pick<BatchStore, "find">;
  readonly jobs: Pick<JobStore, "list">;
}

/** A batch and its jobs in the order of their inputs. */
export type ReadBatch = (address: BatchAddress) => Promise<{ readonly batch: Batch; readonly jobs: readonly Job[] }>;

/** A batch of this owner. Somebody else's and an unknown id are told apart to nobody. */
export function createReadBatch({ batches, jobs }: ReadBatchDeps): ReadBatch {
  return async function readBatch({ ownerId, id }) {
    const batch = isId(id) ? await batches.find(ownerId, id) : undefined;
    if (batch === undefined) throw new AppError("batch_not_found", `No batch with the id ${id} belongs to this key.`);
    const page = await jobs.list({ ownerId, batchId: id, limit: batchJobsMax });
    return { batch, jobs: page.jobs.toReversed() };
  };
}
