import type { Kind, TierName } from "@comfy/contracts";
import { type MediaSlot, type Missing, type Plan, planJob } from "@comfy/workflows";
import type { Caller } from "../access/caller.ts";
import type { Asset } from "../assets/asset.ts";
import type { Clock } from "../clock.ts";
import { AppError } from "../errors.ts";
import { createId } from "../ids.ts";
import type { Acceptance } from "./job-store.ts";
import { toNeeds } from "./needs.ts";

/** One job that a caller asks for, before anything of it is decided. */
export interface JobRequest {
  readonly caller: Caller;
  readonly kind: Kind;
  /** The input as the contract parsed it. */
  readonly input: unknown;
  /** What an earlier job was planned as, to be done again: then `input` is not read. */
  readonly plan?: Plan;
  readonly callbackUrl?: string;
  readonly isUploadedToCloud: boolean;
  readonly priority?: number;
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly retryOf?: string;
  readonly batchId?: string;
  readonly requestId: string;
  /** The connection of the caller; aborting it stops what was not accepted yet. */
  readonly signal: AbortSignal;
}

export interface PrepareJobDeps {
  readonly clock: Clock;
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
}

/** Everything about a job that can be checked and decided before it is accepted. Nothing is written. */
export type PrepareJob = (request: JobRequest) => Promise<Acceptance>;

/** An owner's share against other owners who wait: strict tiers would starve the free one. */
const weights: Readonly<Record<TierName, number>> = { free: 1, basic: 2, pro: 4, enterprise: 8 };

export function createPrepareJob(deps: PrepareJobDeps): PrepareJob {
  return async function prepareJob(request) {
    if (deps.isDraining()) {
      throw new AppError("draining", "The service is restarting; try again in a few seconds.", {
        retryAfterSeconds: 5,
      });
    }
    const plan = request.plan ?? planRequest(request, deps);
    if (request.callbackUrl !== undefined) assertCallback(request.caller, request.callbackUrl, deps);
    const inputs = await resolveInputs(plan, request.caller.ownerId, deps);
    const eligibility = await deps.checkEligibility(plan, request.signal);
    if (!eligibility.ok) throw toMissingError(plan, eligibility.missing);
    request.signal.throwIfAborted();
    return toAcceptance(request, plan, inputs, deps);
  };
}

/** A callback is signed with the secret of the key that makes the job; a session has none, and nobody else's will do. */
function assertCallback({ via }: Caller, url: string, { assertUrlAllowed }: PrepareJobDeps): void {
  if (via === "session") {
    const message = "a session has no secret to sign a callback with: make the job with a key, or register an endpoint";
    throw new AppError("invalid_input", `callbackUrl: ${message}.`, { details: [{ path: "callbackUrl", message }] });
  }
  assertUrlAllowed(url, "callbackUrl");
}

function planRequest({ kind, input }: JobRequest, { randomSeed }: PrepareJobDeps): Plan {
  const planned = planJob(kind, input, { randomSeed });
  if (!planned.ok) throw new AppError(planned.code, planned.message, { details: planned.details });
  return planned.plan;
}

/** The assets that are known by now, by media slot. */
async function resolveInputs(plan: Plan, ownerId: string, deps: PrepareJobDeps): Promise<Record<string, string>> {
  const inputs: Record<string, string> = {};
  for (const { name, accepts, reference } of plan.media) {
    if (reference.from !== "caller") continue;
    const found = await deps.resolveReference({ ownerId, text: reference.text, field: name, accepts });
    if (found.type === "asset") inputs[name] = found.asset.id;
  }
  return inputs;
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

function toAcceptance(
  request: JobRequest,
  plan: Plan,
  inputs: Readonly<Record<string, string>>,
  { clock, jobDeadlineMs }: PrepareJobDeps,
): Acceptance {
  const { caller, kind, callbackUrl, isUploadedToCloud, requestId, priority, metadata, retryOf, batchId } = request;
  const nowMs = clock.nowMs();
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
    deadlineAtMs: nowMs + jobDeadlineMs,
    concurrentJobs: caller.limits.concurrentJobs,
    generationsPerDay: caller.limits.generationsPerDay,
    needs: toNeeds(plan),
    weight: weights[caller.ownerTier ?? caller.tier],
    ...(priority !== undefined && { priority }),
    ...(callbackUrl !== undefined && { callbackUrl }),
    ...(metadata !== undefined && { metadata }),
    ...(retryOf !== undefined && { retryOf }),
    ...(batchId !== undefined && { batchId }),
  };
}
