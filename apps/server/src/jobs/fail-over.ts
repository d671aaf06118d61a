import { setTimeout } from "node:timers/promises";
import type { Backend } from "../generation/backend.ts";
import type { AcquiredSlot, NoSlot } from "../generation/backend-pool.ts";
import { acquireSlot } from "./dispatch-job.ts";
import { letGoOfRun, stopRun } from "./end-run.ts";
import type { Attempt } from "./job.ts";
import { loseAttempt } from "./lose-attempt.ts";
import { toNeeds } from "./needs.ts";
import { type Next, over, type Run } from "./run.ts";

const LOOK_EVERY_MS = 1_000;
const ANSWER_MS = 2_000;

interface Unreachable {
  readonly backend: Backend;
  readonly attempt: Attempt;
}

/**
 * The backend of an attempt has been out of reach for too long. Whatever comes first: another backend has room, which renders it anew, or
 * the first one is back, where the attempt is gone on with.
 */
export async function failOver(run: Run, { backend, attempt }: Unreachable, message: string): Promise<Next> {
  const ending = new AbortController();
  const returned = watchForReturn(backend, ending.signal);
  try {
    for (;;) {
      const slot = await acquireElsewhere(run, backend, returned);
      if (returned.aborted || (slot?.type === "slot" && slot.backend.id === backend.id)) {
        return { type: "resume", attempt, ...(slot?.type === "slot" && takeFor(backend, slot)) };
      }
      if (run.control.stopReason !== undefined) {
        await stopRun(run, { isRefunded: false });
        return over;
      }
      if (slot?.type === "slot") return await moveTo(run, slot, attempt, message);
      if (slot === undefined || slot.reason === "detached") {
        await letGoOfRun(run);
        return over;
      }
      if (slot.reason === "not_owned") return await passOn(run, attempt, message);
      await setTimeout(LOOK_EVERY_MS, undefined, { signal: stopOf(run, returned) }).catch(() => {});
    }
  } finally {
    ending.abort();
  }
}

const stopOf = ({ control, hooks }: Run, returned: AbortSignal) =>
  AbortSignal.any([control.signal, hooks.detach, hooks.recall, returned]);

/** Undefined when the job is to stop. */
async function acquireElsewhere(
  run: Run,
  backend: Backend,
  returned: AbortSignal,
): Promise<AcquiredSlot | NoSlot | undefined> {
  try {
    return await acquireSlot(run, [backend.id], returned);
  } catch (error) {
    if (run.control.stopReason === undefined) throw error;
    return undefined;
  }
}

/** A place that was found on the very backend that is back is kept; any other is given up. */
function takeFor(backend: Backend, slot: AcquiredSlot): { slot: AcquiredSlot } | undefined {
  if (slot.backend.id === backend.id) return { slot };
  slot.release();
  return undefined;
}

async function moveTo(run: Run, slot: AcquiredSlot, attempt: Attempt, message: string): Promise<Next> {
  const next = await loseAttempt(run, attempt, { cause: "unreachable", message });
  if (next.type === "dispatch") return { ...next, slot };
  slot.release();
  return next;
}

/** Only another process owns a backend that could do it. */
async function passOn(run: Run, attempt: Attempt, message: string): Promise<Next> {
  const next = await loseAttempt(run, attempt, { cause: "unreachable", message });
  if (next.type === "over") return next;
  run.hooks.onUnfit(toNeeds(run.claimed.job.plan));
  await run.deps.jobs.postpone(run.claimed.lease, { reason: message, delayMs: 0 });
  return over;
}

/** Aborts when the backend answers again. */
function watchForReturn(backend: Backend, signal: AbortSignal): AbortSignal {
  const returned = new AbortController();
  const look = async () => {
    while (!signal.aborted) {
      const status = await backend.readStatus(AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]));
      if (status.isReachable) return returned.abort(new Error("The backend is back."));
      await setTimeout(LOOK_EVERY_MS, undefined, { signal }).catch(() => {});
    }
  };
  void look();
  return returned.signal;
}
