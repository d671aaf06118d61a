import { createHash } from "node:crypto";
import type { Kind } from "@comfy/contracts";
import { type MediaSlot, type Missing, type Plan, planJob } from "@comfy/workflows";
import type { Caller, PendingSignature } from "../access/caller.ts";
import type { Asset } from "../assets/asset.ts";
import type { Clock } from "../clock.ts";
import { AppError } from "../errors.ts";
import { createId } from "../ids.ts";
import type { Log } from "../log.ts";
import type { EventBus } from "./event-bus.ts";
import type { Job } from "./job.ts";
import type { AcceptOutcome, JobStore } from "./job-store.ts";

export interface SubmitRequest {
  readonly caller: Caller;
  readonly signature?: PendingSignature;
  readonly kind: Kind;
  /** The body as the contract parsed it. */
  readonly input: unknown;
  readonly callbackUrl?: string;
  readonly isUploadedToCloud: boolean;
  readonly idempotencyKey?: string;
  /** The exact bytes of the body: what an idempotency key is bound to. */
  readonly body: Uint8Array;
  readonly requestId: string;
  /** The connection of the caller; aborting it stops what was not accepted yet. */
  readonly signal: AbortSignal;
}

export interface Submitted {
  readonly job: Job;
  /** True when an earlier request with the same idempotency key made it. */
  readonly isReplay: boolean;
}

export type SubmitJob = (request: SubmitRequest) => Promise<Submitted>;

export interface SubmitJobDeps {
  readonly jobs: Pick<JobStore, "accept">;
  readonly events: EventBus;
  readonly clock: Clock;
  readonly log: Log;
  readonly jobDeadlineMs: number;
  readonly isDraining: () => boolean;
  readonly randomSeed: (max: number) => number;
  /** Which backends could run the plan, as far as they are known. */
  readonly checkEligibility: (
    plan: Plan,
    signal: AbortSignal,
  ) => Promise<{ readonly ok: true } | { readonly ok: false; readonly missing: readonly Missing[] }>;
  /** What a caller's reference to a file means. A URL is fetched later, once. */
  readonly resolveReference: (reference: {
    readonly ownerId: string;
    readonly text: string;
    readonly field: string;
    readonly accepts: MediaSlot["accepts"];
  }) => Promise<{ readonly type: "asset"; readonly asset: Asset } | { readonly type: "url" }>;
  readonly assertUrlAllowed: (url: string, field: string) => void;
  /** Tells the worker that a job waits. */
  readonly knock: () => void;
}

/** Accepts a job: checked, planned and durable when the promise resolves. */
export function createSubmitJob(deps: SubmitJobDeps): SubmitJob {
  return async function submitJob(request) {
    if (deps.isDraining()) {
      throw new AppError("draining", "The service is restarting; try again in a few seconds.", {
        retryAfterSeconds: 5,
      });
    }
    const plan = planRequest(request, deps);
    if (request.callbackUrl !== undefined) deps.assertUrlAllowed(request.callbackUrl, "callbackUrl");
    const inputs = await resolveInputs(plan, request.caller.ownerId, deps);
    await assertEligible(plan, request.signal, deps);
    request.signal.throwIfAborted();
    const outcome = await deps.jobs.accept(toAcceptance(request, plan, inputs, deps));
    const job = assertAccepted(outcome, deps.clock);
    if (outcome.type === "accepted") {
      deps.log.info({ jobId: job.id, kind: job.kind, keyId: job.keyId, requestId: job.requestId }, "Job accepted.");
      deps.events.publish(job.id, { type: "queued" });
      deps.knock();
    }
    return { job, isReplay: outcome.type === "replayed" };
  };
}

function planRequest({ kind, input }: SubmitRequest, { randomSeed }: SubmitJobDeps): Plan {
  const planned = planJob(kind, input, { randomSeed });
  if (!planned.ok) throw new AppError(planned.code, planned.message, { details: planned.details });
  return planned.plan;
}

/** The assets that are known by now, by media slot. */
async function resolveInputs(plan: Plan, ownerId: string, deps: SubmitJobDeps): Promise<Record<string, string>> {
  const inputs: Record<string, string> = {};
  for (const { name, accepts, reference } of plan.media) {
    if (reference.from !== "caller") continue;
    const found = await deps.resolveReference({ ownerId, text: reference.text, field: name, accepts });
    if (found.type === "asset") inputs[name] = found.asset.id;
  }
  return inputs;
}

async function assertEligible(plan: Plan, signal: AbortSignal, { checkEligibility }: SubmitJobDeps): Promise<void> {
  const eligibility = await checkEligibility(plan, signal);
  if (eligibility.ok) return;
  throw toMissingError(plan, eligibility.missing);
}

/** 422 that names what is missing and how to get it. */
export function toMissingError(plan: Plan, missing: readonly Missing[]): AppError {
  const code = missing.some(({ what }) => what === "node") ? "missing_node" : "missing_model";
  const names = missing.map(({ what, name }) => `${what === "node" ? "node class" : "model"} ${name}`).join(", ");
  const steps = missing.map(({ install }) => install).join(" ");
  return new AppError(code, `The ${plan.kind} workflow cannot run here: ${names} is missing. ${steps}`.trim(), {
    details: { missing },
  });
}

function toAcceptance(request: SubmitRequest, plan: Plan, inputs: Record<string, string>, deps: SubmitJobDeps) {
  const { caller, signature, kind, callbackUrl, idempotencyKey, isUploadedToCloud, requestId } = request;
  const nowMs = deps.clock.nowMs();
  return {
    id: createId(nowMs),
    ownerId: caller.ownerId,
    keyId: caller.keyId,
    kind,
    plan,
    inputs,
    isUploadedToCloud,
    requestId,
    createdAtMs: nowMs,
    deadlineAtMs: nowMs + deps.jobDeadlineMs,
    concurrentJobs: caller.limits.concurrentJobs,
    generationsPerDay: caller.limits.generationsPerDay,
    ...(callbackUrl !== undefined && { callbackUrl }),
    ...(signature !== undefined && { signature }),
    ...(idempotencyKey !== undefined && {
      idempotency: { surface: "product" as const, key: idempotencyKey, fingerprint: toFingerprint(kind, request.body) },
    }),
  };
}

/** A signature changes with every try, the body does not: only what is asked for identifies a request. */
function toFingerprint(kind: Kind, body: Uint8Array): string {
  return createHash("sha256").update(`${kind}\n`).update(body).digest("hex");
}

function assertAccepted(outcome: AcceptOutcome, clock: Clock): Job {
  switch (outcome.type) {
    case "accepted":
    case "replayed":
      return outcome.job;
    case "idempotency_key_reused":
      throw new AppError(
        "idempotency_key_reused",
        "This Idempotency-Key was used before with another body. Use a new key for a new request.",
      );
    case "signature_replayed":
      throw new AppError(
        "signature_replayed",
        "This signature was used before: every request needs one of its own. Two equal bodies in the same millisecond collide under version 1; version 2 (X-Signature-Version: 2) carries a nonce and never does.",
      );
    case "generations_exhausted": {
      const seconds = Math.max(1, Math.ceil((outcome.resetAtMs - clock.nowMs()) / 1000));
      throw new AppError("generations_exhausted", "The day's generations of this key are used up.", {
        retryAfterSeconds: seconds,
      });
    }
  }
}
