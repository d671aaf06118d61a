import { type AppError, toAppError } from "../errors.ts";
import type { RenderedFile } from "../generation/backend.ts";
import type { Dispatch } from "./dispatch.ts";
import { failRun, finishRun, letGoOfRun, noteRender, putOffRun, stopRun } from "./end-run.ts";
import { loseAttempt } from "./lose-attempt.ts";
import { type Next, over, type Run } from "./run.ts";

/** Collecting that is done within this is not written down: the ending follows in the same breath. */
const SAY_AFTER_MS = 1_000;

/** Our store or our database did not take what they were given: that says nothing about the job. */
const isOurs = ({ code }: AppError): boolean => code === "internal_error" || code === "unavailable";

/** Moves what was rendered into the store and ends the job. */
export async function collectOutputs(
  run: Run,
  { backend, attempt }: Extract<Dispatch, { type: "rendered" }>,
  files: readonly RenderedFile[],
): Promise<Next> {
  const { claimed, control, deps, hooks, log } = run;
  hooks.onPhase("collecting");
  const saying = setTimeout(() => {
    deps.jobs
      .setState(claimed.lease, "collecting")
      .then(() => noteRender(run))
      .catch((error: unknown) => log.debug({ error }, "That outputs are collected was not written down."));
  }, SAY_AFTER_MS);
  try {
    // Not the run's signal: a render that succeeded wins over a cancel that came late.
    const { outputNodes } = attempt;
    const outputs = await deps.storeOutputs(backend, files, {
      outputNodes,
      stem: claimed.job.kind,
      isLocal: !claimed.job.isUploadedToCloud,
      signal: hooks.detach,
      // A store that is down is waited for as long as somebody wants the result.
      patience: control.signal,
    });
    clearTimeout(saying);
    await finishRun(run, { state: "complete", summary: attempt.summary, outputs }, { attempt });
    return over;
  } catch (thrown) {
    if (hooks.detach.aborted) {
      await letGoOfRun(run);
      return over;
    }
    const error = toAppError(thrown);
    if (error.code === "output_unavailable")
      return loseAttempt(run, attempt, { cause: "output_gone", message: error.message });
    if (control.stopReason !== undefined && isOurs(error)) {
      log.warn({ error: error.cause ?? error }, "The outputs could not be stored before the job was to stop.");
      await stopRun(run, { attempt, isRefunded: true });
      return over;
    }
    // The render is kept: whoever claims the job next finds it done and fetches its files again.
    if (isOurs(error)) await putOffRun(run, error);
    else await failRun(run, error, { attempt });
    return over;
  } finally {
    clearTimeout(saying);
  }
}
