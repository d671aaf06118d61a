import { bindPlan, type Inventory, type Plan } from "@comfy/workflows";
import type { Clock } from "../clock.ts";
import { type AppError, toAppError } from "../errors.ts";
import type { Backend, RenderOptions, RenderOutcome } from "../generation/backend.ts";
import { createId } from "../ids.ts";
import type { EventBus } from "./event-bus.ts";
import type { Attempt, Job, Lease } from "./job.ts";
import type { JobStore } from "./job-store.ts";
import type { PinnedInputs } from "./pin-inputs.ts";
import { toMissingError } from "./submit-job.ts";

/** A place on a backend, held while it renders. */
export interface BackendSlot {
  readonly type: "slot";
  readonly backend: Backend;
  readonly inventory: Inventory;
  release(): void;
}

export type AcquireBackend = (
  plan: Plan,
  options: { readonly signal: AbortSignal },
) => Promise<BackendSlot | { readonly type: "none"; readonly reason: string; readonly message: string }>;

export type StageInputs = (
  backend: Backend,
  inputs: PinnedInputs,
  signal: AbortSignal,
) => Promise<Readonly<Record<string, string>>>;

export interface DispatchJobDeps {
  readonly jobs: Pick<JobStore, "beginAttempt" | "markAttempt">;
  readonly acquireBackend: AcquireBackend;
  readonly stageInputs: StageInputs;
  readonly events: EventBus;
  readonly clock: Clock;
  /** Names this deployment in what a shared backend shows. */
  readonly deploymentId: string;
}

export type Dispatch =
  | { readonly type: "rendered"; readonly backend: Backend; readonly attempt: Attempt; readonly outcome: RenderOutcome }
  /** Nothing was sent: no backend has room, or it went away meanwhile. */
  | { readonly type: "waiting"; readonly reason: string }
  /** What was sent earlier is given up, unseen. */
  | { readonly type: "lost"; readonly attempt: Attempt; readonly reason: string }
  /** It cannot run: the error says why. */
  | { readonly type: "unfit"; readonly error: AppError }
  | { readonly type: "lease_lost" };

export type DispatchJob = (
  work: { readonly job: Job; readonly lease: Lease; readonly inputs: PinnedInputs },
  options: Omit<RenderOptions, "promptId">,
) => Promise<Dispatch>;

/** One attempt: a backend with room, the inputs on it, the exact graph for it, the write-ahead record, the render. */
export function createDispatchJob(deps: DispatchJobDeps): DispatchJob {
  return async function dispatchJob(work, options) {
    const slot = await deps.acquireBackend(work.job.plan, options);
    if (slot.type === "none") return { type: "waiting", reason: slot.message };
    try {
      return await renderOn(slot, work, options, deps);
    } catch (error) {
      const known = toAppError(error);
      // A backend that cannot be reached before anything was sent costs nothing but time.
      if (known.code === "no_backend") return { type: "waiting", reason: known.message };
      throw error;
    } finally {
      // The GPU is free at the end of the render; its files are fetched while the next job runs.
      slot.release();
    }
  };
}

const renderOn = async (
  { backend, inventory }: BackendSlot,
  { job, lease, inputs }: Parameters<DispatchJob>[0],
  options: Parameters<DispatchJob>[1],
  deps: DispatchJobDeps,
): Promise<Dispatch> => {
  const backendEpoch = await backend.readEpoch(options.signal);
  const media = await deps.stageInputs(backend, inputs, options.signal);
  const promptId = createId(deps.clock.nowMs());
  const bound = bindPlan(job.plan, { inventory, media, filenamePrefix: `jobs/${job.id}/${promptId}` });
  if (!bound.ok) return { type: "unfit", error: toMissingError(job.plan, bound.missing) };
  const { graph, variant, outputNodes } = bound;
  const words = variant.words?.positive;
  const summary = { model: variant.model, ...(words !== undefined && { prompt: words }) };
  const written = { id: promptId, backendId: backend.id, backendEpoch, graph, summary, outputNodes };
  const attempt = await deps.jobs.beginAttempt(lease, written);
  if (attempt === undefined) return { type: "lease_lost" };
  deps.events.publish(job.id, { type: "running" });
  const outcome = await backend.render({
    ...options,
    promptId,
    graph,
    labels: { deployment: deps.deploymentId, job: job.id, attempt: promptId },
    onSent: () => deps.jobs.markAttempt(lease, promptId, "sent"),
    onAccepted: () => deps.jobs.markAttempt(lease, promptId, "acked"),
  });
  return { type: "rendered", backend, attempt, outcome };
};
