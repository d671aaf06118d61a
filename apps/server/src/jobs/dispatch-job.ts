import { bindPlan } from "@comfy/workflows";
import { toAppError } from "../errors.ts";
import type { AcquiredSlot, NoSlot } from "../generation/backend-pool.ts";
import type { OwnedLease } from "../generation/ownership.ts";
import { createId } from "../ids.ts";
import type { Dispatch } from "./dispatch.ts";
import type { Attempt } from "./job.ts";
import type { PinnedInputs } from "./pin-inputs.ts";
import { toMissingError } from "./prepare-job.ts";
import { followRender } from "./render-watch.ts";
import type { Next, Run } from "./run.ts";

/** A render that is over by then needs no note that it arrived: who takes it up finds it, or looks for it a little longer. */
const NOTE_AFTER_MS = 1_000;

/** Thrown between the write-ahead record and the request. */
class LeaseEndedError extends Error {}

/** One attempt: a backend with room, the inputs on it, the exact graph for it, the write-ahead record, the render. */
export async function dispatchJob(
  run: Run,
  inputs: PinnedInputs,
  next: Extract<Next, { type: "dispatch" }>,
): Promise<Dispatch> {
  run.hooks.onPhase("preparing");
  const slot = next.slot ?? (await acquireSlot(run, next.avoid));
  if (slot.type === "none") {
    return slot.reason === "detached" ? { type: "let_go" } : { ...slot, type: "waiting" };
  }
  run.hooks.onPhase("rendering", slot.backend.id);
  try {
    return await renderOn(run, slot, inputs);
  } catch (error) {
    const known = toAppError(error);
    // A backend that cannot be reached before anything was sent costs nothing but time.
    if (known.code === "no_backend") return { type: "waiting", reason: "gone", message: known.message };
    throw error;
  } finally {
    // The GPU is free at the end of the render; its files are fetched while the next job runs.
    slot.release();
  }
}

/** A place for the job; `detach` ends the wait as draining does. */
export function acquireSlot(run: Run, avoid: readonly string[], detach?: AbortSignal): Promise<AcquiredSlot | NoSlot> {
  const { claimed, control, hooks, deps } = run;
  const ends = [hooks.detach, hooks.recall, ...(detach ? [detach] : [])];
  return deps.pool.acquire(claimed.job.plan, {
    signal: control.signal,
    detach: AbortSignal.any(ends),
    avoid,
    isAheadAllowed: true,
  });
}

async function renderOn(run: Run, slot: AcquiredSlot, inputs: PinnedInputs): Promise<Dispatch> {
  const { claimed, deps } = run;
  const { backend } = slot;
  const lease = deps.ownership.lease(backend.id);
  if (lease === undefined) return { type: "let_go" };
  const signal = AbortSignal.any([run.control.signal, run.hooks.detach, lease.lost]);
  const prepared = await prepare(run, slot, inputs, signal).catch((error: unknown) => {
    // Nothing was sent: whoever owns the backend now, or another one, does it.
    if (lease.lost.aborted) return undefined;
    throw error;
  });
  if (prepared === undefined) return { type: "let_go" };
  if (!prepared.ok) return { type: "unfit", error: prepared.error };
  const { graph, ...written } = prepared.attempt;
  const attempt = await deps.jobs.beginAttempt(claimed.lease, { ...written, graph, backendLease: toRow(lease) });
  if (attempt === undefined) return { type: "let_go" };
  run.live = attempt;
  deps.events.publish(claimed.job.id, { type: "running" });
  let noting: NodeJS.Timeout | undefined;
  try {
    return await followRender(
      run,
      { backend, attempt, lease, isBehind: slot.isAhead || backend.slots > 1 },
      (options) =>
        backend.render({
          ...options,
          graph,
          labels: { deployment: deps.deploymentId, job: claimed.job.id, attempt: attempt.id },
          assertMaySend() {
            // The last moment to find out that another process may own the backend by now.
            if (deps.ownership.lease(backend.id)?.epoch !== lease.epoch) throw new LeaseEndedError();
          },
          async onAccepted() {
            noting = setTimeout(() => noteArrival(run, attempt), NOTE_AFTER_MS);
          },
        }),
    );
  } catch (error) {
    if (error instanceof LeaseEndedError) return { type: "unsent", attempt };
    throw error;
  } finally {
    clearTimeout(noting);
  }
}

const toRow = ({ holder, epoch }: OwnedLease) => ({ holder, epoch });

/** Nobody waits for this: only a worker that takes the attempt up later asks. A cancel may have come while it was sent. */
function noteArrival({ claimed, control, deps, log }: Run, attempt: Attempt): void {
  deps.jobs
    .markAttempt(claimed.lease, attempt.id, "acked")
    .catch((error: unknown) => log.debug({ error }, "That a prompt arrived was not written down."));
  void control.look();
}

/** The inputs on the backend and the exact graph for it. */
async function prepare(run: Run, { backend, inventory }: AcquiredSlot, inputs: PinnedInputs, signal: AbortSignal) {
  const { job } = run.claimed;
  const backendEpoch = await backend.readEpoch(signal);
  const media = await run.deps.stageInputs(backend, inputs, signal);
  const id = createId(run.deps.clock.nowMs());
  const bound = bindPlan(job.plan, { inventory, media, filenamePrefix: `jobs/${job.id}/${id}` });
  if (!bound.ok) return { ok: false as const, error: toMissingError(job.plan, bound.missing) };
  const { graph, variant, outputNodes } = bound;
  const words = variant.words?.positive;
  const summary = { model: variant.model, ...(words !== undefined && { prompt: words }) };
  return { ok: true as const, attempt: { id, backendId: backend.id, backendEpoch, graph, summary, outputNodes } };
}
