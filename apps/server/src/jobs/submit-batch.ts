import type { Clock } from "../clock.ts";
import { AppError, toAppError } from "../errors.ts";
import { createId } from "../ids.ts";
import type { Log } from "../log.ts";
import { toRefusal } from "./accept-refusal.ts";
import type { Batch } from "./batch-store.ts";
import type { EventBus } from "./event-bus.ts";
import type { Acceptance, JobStore } from "./job-store.ts";
import type { JobRequest, PrepareJob } from "./prepare-job.ts";
import { prepareOrReplay } from "./replay-refused.ts";
import { type RequestMarks, toMarks } from "./submit-job.ts";

type JobInput = Pick<JobRequest, "input" | "isUploadedToCloud">;

export interface BatchRequest extends Omit<JobRequest, keyof JobInput | "plan" | "retryOf" | "batchId">, RequestMarks {
  /** One for each job. */
  readonly inputs: readonly JobInput[];
}

export interface SubmittedBatch {
  readonly batch: Batch;
  /** True when an earlier request with the same idempotency key made it. */
  readonly isReplay: boolean;
}

export type SubmitBatch = (request: BatchRequest) => Promise<SubmittedBatch>;

export interface SubmitBatchDeps {
  readonly jobs: Pick<JobStore, "acceptBatch" | "findReplay">;
  readonly prepareJob: PrepareJob;
  readonly events: EventBus;
  readonly clock: Clock;
  readonly log: Log;
  /** Tells the workers that a job waits. */
  readonly knock: (jobId: string) => void;
}

/** Accepts several jobs of one kind, all or none: every one is checked and planned before any is durable. */
export function createSubmitBatch(deps: SubmitBatchDeps): SubmitBatch {
  const { jobs, prepareJob, events, clock, log, knock } = deps;

  return async function submitBatch({ inputs, ...request }) {
    const { caller, kind, metadata, requestId } = request;
    const id = createId(clock.nowMs());
    const marks = toMarks(`batch\n${kind}`, request);
    const { ownerId, keyId } = caller;
    const ready = await prepareOrReplay(jobs, { ownerId, ...marks }, async () => {
      const acceptances: Acceptance[] = [];
      for (const [index, input] of inputs.entries()) {
        acceptances.push(await at(index, () => prepareJob({ ...request, ...input, batchId: id })));
      }
      return acceptances;
    });
    const acceptances = ready.type === "prepared" ? ready.prepared : [];
    const row = { id, ownerId, keyId, ...(metadata !== undefined && { metadata }), ...marks };
    const outcome = ready.type === "prepared" ? await jobs.acceptBatch(row, acceptances) : ready;
    // The key was used for a single job: never the same request.
    if ("job" in outcome) throw toRefusal({ type: "idempotency_key_reused" }, clock);
    if (!("batch" in outcome)) throw toRefusal(outcome, clock);
    const { batch } = outcome;
    if (outcome.type === "replayed") return { batch, isReplay: true };
    log.info({ batchId: id, kind, jobs: batch.jobCount, keyId: caller.keyId, requestId }, "Batch accepted.");
    for (const { id: jobId } of acceptances) {
      events.publish(jobId, { type: "queued" });
      knock(jobId);
    }
    return { batch, isReplay: false };
  };
}

/** An error about one job of the batch says which. */
async function at<Result>(index: number, run: () => Promise<Result>): Promise<Result> {
  try {
    return await run();
  } catch (thrown) {
    const { code, message, status, details, cause } = toAppError(thrown);
    if (status >= 500) throw thrown;
    throw new AppError(code, `Job ${index} of the batch: ${message}`, { details: { index, details }, cause });
  }
}
