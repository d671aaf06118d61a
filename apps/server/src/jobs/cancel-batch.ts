import { AppError } from "../errors.ts";
import { isId } from "../ids.ts";
import type { BatchStore } from "./batch-store.ts";
import { cancelledFailure } from "./cancel-job.ts";
import type { EventBus } from "./event-bus.ts";
import type { FinishJob } from "./finish-job.ts";
import type { JobStore } from "./job-store.ts";
import type { BatchAddress } from "./read-batch.ts";

export interface CancelBatchDeps {
  readonly batches: BatchStore;
  readonly jobs: Pick<JobStore, "findMany">;
  readonly finishJob: FinishJob;
  readonly events: EventBus;
}

/** Cancels what has not ended of a batch. Waits for no backend: those that render confirm on their own. */
export type CancelBatch = (address: BatchAddress) => Promise<void>;

export function createCancelBatch({ batches, jobs, finishJob, events }: CancelBatchDeps): CancelBatch {
  return async function cancelBatch({ ownerId, id }) {
    const batch = isId(id) ? await batches.find(ownerId, id) : undefined;
    if (batch === undefined) throw new AppError("batch_not_found", `No batch with the id ${id} belongs to this key.`);
    const ids = await batches.requestCancel(ownerId, id);
    // One after the other: a hundred endings at once would keep everybody else from the database.
    for (const job of await jobs.findMany(ids)) {
      if (job.state === "pending") {
        await finishJob({ jobId: job.id, ending: { state: "cancelled", failure: cancelledFailure }, isRefunded: true });
      }
      events.publish(job.id, { type: "cancel_requested" });
    }
  };
}
