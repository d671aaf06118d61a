import { toAppError } from "../errors.ts";
import { dispatchJob } from "./dispatch-job.ts";
import { failRun, letGoOfRun, putOffRun, stopRun } from "./end-run.ts";
import type { ClaimedJob } from "./job-store.ts";
import { judgeDispatch } from "./judge-dispatch.ts";
import { listAvoided } from "./lose-attempt.ts";
import type { PinnedInputs } from "./pin-inputs.ts";
import { resumeAttempt } from "./resume-attempt.ts";
import type { Next, Run, RunHooks, RunJobDeps } from "./run.ts";
import { createRunControl } from "./run-control.ts";

/** Works on a claimed job until it has ended, must wait, or is let go; then the next worker goes on from the database. */
export type RunJob = (claimed: ClaimedJob, hooks: RunHooks) => Promise<void>;

export function createRunJob(deps: RunJobDeps): RunJob {
  const missingSinceMs = new Map<string, number>();
  return async function runJob(claimed, hooks) {
    const log = deps.log.with({ jobId: claimed.job.id, kind: claimed.job.kind });
    using control = createRunControl(claimed.job, { ...deps, log });
    const { liveAttempt: live, pastAttempts } = claimed;
    const run: Run = {
      claimed,
      control,
      hooks,
      log,
      deps,
      live,
      past: [...pastAttempts],
      meter: undefined,
      missingSinceMs,
    };
    try {
      await runAttempts(run);
    } catch (thrown) {
      if (hooks.detach.aborted || hooks.recall.aborted) return void (await letGoOfRun(run));
      if (control.stopReason !== undefined) return void (await stopRun(run, { isRefunded: true }));
      const error = toAppError(thrown);
      if (error.code === "unavailable") return void (await putOffRun(run, error));
      if (error.code === "internal_error")
        log.error({ error: error.cause }, "A job failed for a reason nobody foresaw.");
      await failRun(run, error, { isRefunded: true });
    }
  };
}

async function runAttempts(run: Run): Promise<void> {
  // A live attempt is looked up even when the job is to stop: its prompt must not go on unseen.
  let next: Next = run.live ? { type: "resume", attempt: run.live } : { type: "dispatch", avoid: listAvoided(run) };
  let inputs: PinnedInputs | undefined;
  while (next.type !== "over") {
    if (next.type === "resume") {
      next = await judgeDispatch(run, await resumeAttempt(run, next));
      continue;
    }
    if (run.control.stopReason !== undefined) {
      next.slot?.release();
      return void (await stopRun(run, { isRefunded: true }));
    }
    // Once for all attempts: what a URL shows may have changed by the second.
    inputs ??= await pinInputs(run);
    next = await judgeDispatch(run, await dispatchJob(run, inputs, next));
  }
}

function pinInputs({ claimed, control, hooks, deps }: Run): Promise<PinnedInputs> {
  return deps.pinInputs(claimed, AbortSignal.any([control.signal, hooks.detach, hooks.recall]));
}
