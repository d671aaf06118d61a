import { createHash } from "node:crypto";
import type { PendingSignature } from "../access/caller.ts";
import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import { toRefusal } from "./accept-refusal.ts";
import type { EventBus } from "./event-bus.ts";
import type { Idempotency, Job } from "./job.ts";
import type { Acceptance, AcceptOutcome, JobStore } from "./job-store.ts";
import type { LocalWorker } from "./local-worker.ts";
import type { JobRequest, PrepareJob } from "./prepare-job.ts";
import { prepareOrReplay } from "./replay-refused.ts";

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
  /** True when the worker of this process has it already. */
  readonly isHere: boolean;
}

export type SubmitJob = (request: SubmitRequest) => Promise<Submitted>;

export interface SubmitJobDeps {
  readonly jobs: Pick<JobStore, "accept" | "findReplay">;
  readonly prepareJob: PrepareJob;
  readonly events: EventBus;
  readonly clock: Clock;
  readonly log: Log;
  /** The worker of this process: when it has room, the job goes to it without a queue in between. */
  readonly localWorker: Pick<LocalWorker, "reserve">;
  /** Tells the workers that a job waits. */
  readonly knock: (jobId: string) => void;
}

/** Accepts a job: checked, planned and durable when the promise resolves. */
export function createSubmitJob(deps: SubmitJobDeps): SubmitJob {
  return async function submitJob(request) {
    const marks = toMarks(request.kind, request);
    const { ownerId } = request.caller;
    const ready = await prepareOrReplay(deps.jobs, { ownerId, ...marks }, () => deps.prepareJob(request));
    const outcome = ready.type === "prepared" ? await acceptJob({ ...ready.prepared, ...marks }, deps) : ready;
    // The key was used for a batch: never the same request.
    if ("batch" in outcome) throw toRefusal({ type: "idempotency_key_reused" }, deps.clock);
    if (!("job" in outcome)) throw toRefusal(outcome, deps.clock);
    const isNew = outcome.type === "accepted";
    return { job: outcome.job, isReplay: !isNew, isHere: isNew && outcome.claimed !== undefined };
  };
}

/** Makes the job durable and, where the worker of this process has room, takes it in the same statement. */
async function acceptJob(acceptance: Acceptance, deps: SubmitJobDeps): Promise<AcceptOutcome> {
  const place = deps.localWorker.reserve(acceptance.needs ?? "");
  try {
    const outcome = await deps.jobs.accept(acceptance, place ? { claim: place.claimant } : {});
    if (outcome.type !== "accepted") return outcome;
    const { id: jobId, kind, keyId, requestId } = outcome.job;
    deps.log.info({ jobId, kind, keyId, requestId }, "Job accepted.");
    deps.events.publish(jobId, { type: "queued" });
    if (outcome.claimed) place?.begin(outcome.claimed);
    else deps.knock(jobId);
    return outcome;
  } finally {
    place?.release();
  }
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
