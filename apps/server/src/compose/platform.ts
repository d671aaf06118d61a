import { createOperateBackends } from "../generation/operate-backends.ts";
import { createCancelBatch } from "../jobs/cancel-batch.ts";
import type { EventBus } from "../jobs/event-bus.ts";
import type { FinishJob } from "../jobs/finish-job.ts";
import { createListJobs } from "../jobs/list-jobs.ts";
import { createOpenResult } from "../jobs/open-result.ts";
import type { PrepareJob } from "../jobs/prepare-job.ts";
import type { JobPresenter } from "../jobs/present-job.ts";
import { createV1JobPresenter } from "../jobs/present-v1-job.ts";
import { createReadBatch } from "../jobs/read-batch.ts";
import { createRetryJob } from "../jobs/retry-job.ts";
import { createSubmitBatch } from "../jobs/submit-batch.ts";
import type { SubmitJob } from "../jobs/submit-job.ts";
import type { Backends } from "./backends.ts";
import type { Ground } from "./ground.ts";
import type { Assets, Records } from "./storage.ts";

/** What the platform verbs share with those of the product surface. */
interface Made {
  readonly events: EventBus;
  readonly prepareJob: PrepareJob;
  readonly submitJob: SubmitJob;
  readonly finishJob: FinishJob;
  readonly knock: (jobId: string) => void;
  readonly presenter: JobPresenter;
}

/** What only the platform surface offers: lists, results, retries, batches, and backends for their operators. */
export function composePlatformVerbs(
  { clock, log }: Ground,
  { jobs, batches }: Records,
  { openAsset }: Assets,
  backends: Pick<Backends, "backends" | "switches">,
  { events, prepareJob, submitJob, finishJob, knock, presenter }: Made,
) {
  return {
    ...createV1JobPresenter(presenter),
    ...createOperateBackends(backends),
    listJobs: createListJobs({ jobs }),
    retryJob: createRetryJob({ jobs, submitJob }),
    openResult: createOpenResult({ jobs, openAsset }),
    submitBatch: createSubmitBatch({ jobs, prepareJob, events, clock, log, knock }),
    readBatch: createReadBatch({ batches, jobs }),
    cancelBatch: createCancelBatch({ batches, jobs, finishJob, events }),
  };
}
