import { createHash } from "node:crypto";
import type { PendingSignature } from "../access/caller.ts";
import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import { toRefusal } from "./accept-refusal.ts";
import type { EventBus } from "./event-bus.ts";
import type { Idempotency, Job } from "./job.ts";
import type { JobStore } from "./job-store.ts";
import type { JobRequest, PrepareJob } from "./prepare-job.ts";

/** What makes a request safe to repeat, and what makes it impossible to replay. */
export interface RequestMarks {
  /** Where it came in. */
  readonly surface: Idempotency["surface"];
  readonly signature?: PendingSignature;
  readonly idempotencyKey?: string;
  /** The exact bytes of the body: what an idempotency key is bound to. */
  readonly body: Uint8Array;
}

export interface SubmitRequest extends JobRequest, RequestMarks {}

export interface Submitted {
  readonly job: Job;
  /** True when an earlier request with the same idempotency key made it, or it is the retry that was made before. */
  readonly isReplay: boolean;
}

export type SubmitJob = (request: SubmitRequest) => Promise<Submitted>;

export interface SubmitJobDeps {
  readonly jobs: Pick<JobStore, "accept">;
  readonly prepareJob: PrepareJob;
  readonly events: EventBus;
  readonly clock: Clock;
  readonly log: Log;
  /** Tells the worker that a job waits. */
  readonly knock: () => void;
}

/** Accepts a job: checked, planned and durable when the promise resolves. */
export function createSubmitJob({ jobs, prepareJob, events, clock, log, knock }: SubmitJobDeps): SubmitJob {
  return async function submitJob(request) {
    const prepared = await prepareJob(request);
    const outcome = await jobs.accept({ ...prepared, ...toMarks(request.kind, request) });
    if (!("job" in outcome)) throw toRefusal(outcome, clock);
    const { job } = outcome;
    if (outcome.type !== "accepted") return { job, isReplay: true };
    log.info({ jobId: job.id, kind: job.kind, keyId: job.keyId, requestId: job.requestId }, "Job accepted.");
    events.publish(job.id, { type: "queued" });
    knock();
    return { job, isReplay: false };
  };
}

/** What is claimed in the transaction that accepts. A signature changes with every try, the body does not: it identifies a request. */
export function toMarks(what: string, { surface, signature, idempotencyKey, body }: RequestMarks) {
  const fingerprint = () => createHash("sha256").update(`${what}\n`).update(body).digest("hex");
  return {
    ...(signature !== undefined && { signature }),
    ...(idempotencyKey !== undefined && {
      idempotency: { surface, key: idempotencyKey, fingerprint: fingerprint() },
    }),
  };
}
