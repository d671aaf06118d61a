import { AppError } from "../errors.ts";
import { collectOutputs } from "./collect-outputs.ts";
import type { Dispatch } from "./dispatch.ts";
import { failRun, letGoOfRun, stopRun } from "./end-run.ts";
import { failOver } from "./fail-over.ts";
import type { Attempt, AttemptCause } from "./job.ts";
import { loseAttempt } from "./lose-attempt.ts";
import { toNeeds } from "./needs.ts";
import { type Next, over, type Run } from "./run.ts";

/** A job that found no backend is looked at again after this, or as soon as a backend changes. */
const LOOK_AGAIN_MS = 1_000;
const FREE_TIMEOUT_MS = 5_000;

/** What an attempt means for the job. */
export async function judgeDispatch(run: Run, dispatch: Dispatch): Promise<Next> {
  switch (dispatch.type) {
    case "waiting":
      return wait(run, dispatch);
    case "missing":
      if (dispatch.isTimeUp)
        return loseAttempt(run, dispatch.attempt, { cause: "unreachable", message: dispatch.message });
      await run.deps.jobs.postpone(run.claimed.lease, { reason: dispatch.message, delayMs: LOOK_AGAIN_MS });
      return over;
    case "unsent":
      return takeBack(run, dispatch.attempt, "never_arrived");
    case "unfit":
      await failRun(run, dispatch.error, { isRefunded: true });
      return over;
    case "let_go":
      await letGoOfRun(run);
      return over;
    case "rendered":
      return judgeOutcome(run, dispatch);
  }
}

async function wait(run: Run, { reason, message }: Extract<Dispatch, { type: "waiting" }>): Promise<Next> {
  const { claimed, deps, hooks, log } = run;
  log.debug({ reason: message }, "The job waits.");
  if (reason !== "gone") hooks.onUnfit(toNeeds(claimed.job.plan));
  // What another process could do is due at once: this one leaves it alone for a while.
  const delayMs = reason === "not_owned" ? 0 : LOOK_AGAIN_MS;
  await deps.jobs.postpone(claimed.lease, { reason: message, delayMs });
  return over;
}

type Rendered = Extract<Dispatch, { type: "rendered" }>;

async function judgeOutcome(run: Run, rendered: Rendered): Promise<Next> {
  const { attempt, backend, outcome } = rendered;
  switch (outcome.type) {
    case "succeeded":
      return collectOutputs(run, rendered, outcome.files);
    case "failed":
      await failRun(run, new AppError("generation_failed", outcome.message, { details: outcome.details }), { attempt });
      return over;
    case "detached":
      await letGoOfRun(run);
      return over;
    case "interrupted":
      return judgeInterrupted(run, rendered, outcome.isSettled);
    case "lost":
      return loseAttempt(run, attempt, {
        // The backend died of the prompt before it, which is counted there.
        cause: rendered.isBystander && outcome.cause !== "never_arrived" ? "vanished" : outcome.cause,
        message: outcome.message,
      });
    case "out_of_memory":
      await backend
        .free(AbortSignal.any([AbortSignal.timeout(FREE_TIMEOUT_MS), run.hooks.detach]))
        .catch((error: unknown) =>
          run.log.warn({ error, backendId: backend.id }, "A backend did not free its memory."),
        );
      return loseAttempt(run, attempt, { cause: "out_of_memory", message: outcome.message });
    case "unreachable":
      return failOver(run, rendered, outcome.message);
  }
}

async function judgeInterrupted(run: Run, { attempt, isRecalled }: Rendered, isSettled: boolean): Promise<Next> {
  if (run.control.stopReason !== undefined) {
    // One that may still run is left to be removed from its backend by its id.
    await stopRun(run, { ...(isSettled && { attempt }), isRefunded: false });
    return over;
  }
  // Without a flag of ours somebody else's late interrupt hit it: that is no reason to fail the job.
  const message = "It was interrupted on the backend.";
  if (!isRecalled) return loseAttempt(run, attempt, { cause: "interrupted", message });
  return takeBack(run, attempt, "interrupted");
}

/** An attempt that never ran counts for nothing: whoever claims the job next begins anew. */
async function takeBack(run: Run, attempt: Attempt, cause: AttemptCause): Promise<Next> {
  await run.deps.jobs.markAttempt(run.claimed.lease, attempt.id, "superseded", cause);
  run.live = undefined;
  await letGoOfRun(run);
  return over;
}
