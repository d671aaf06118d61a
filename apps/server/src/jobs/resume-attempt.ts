import type { Dispatch } from "./dispatch.ts";
import type { Attempt } from "./job.ts";
import { followRender } from "./render-watch.ts";
import type { Next, Run } from "./run.ts";

/** Goes on with an attempt that was sent before, by this process or one that vanished. */
export async function resumeAttempt(run: Run, next: Extract<Next, { type: "resume" }>): Promise<Dispatch> {
  const { attempt, slot } = next;
  const { deps, hooks, log } = run;
  const backend = deps.pool.find(attempt.backendId);
  if (backend === undefined) return waitForMissing(run, attempt);
  const lease = deps.ownership.lease(backend.id);
  if (lease === undefined) {
    slot?.release();
    return { type: "let_go" };
  }
  log.info({ attemptId: attempt.id, backendId: backend.id }, "Taking up an attempt that was sent before.");
  hooks.onPhase("rendering", backend.id);
  // It takes a place like any other: whatever is sent besides waits behind it.
  const release = slot ? slot.release : deps.pool.occupy(backend.id);
  try {
    return await followRender(run, { backend, attempt, lease, isBehind: false }, (options) =>
      backend.resume({ ...options, isAcked: attempt.state === "acked" }),
    );
  } finally {
    release();
  }
}

/** A backend that left the configuration may be back after the next restart, with the render done. */
function waitForMissing({ deps, missingSinceMs }: Run, attempt: Attempt): Dispatch {
  const message = `Its backend ${attempt.backendId} is not configured any more.`;
  const nowMs = deps.clock.monotonicMs();
  const sinceMs = missingSinceMs.get(attempt.id) ?? nowMs;
  const isTimeUp = nowMs - sinceMs >= deps.failoverMs;
  if (isTimeUp) missingSinceMs.delete(attempt.id);
  else missingSinceMs.set(attempt.id, sinceMs);
  return { type: "missing", attempt, message, isTimeUp };
}
