import { AppError, toAppError } from "../errors.ts";
import type { RenderedFile, RenderOutcome } from "../generation/backend.ts";
import type { Dispatch } from "./dispatch-job.ts";
import { failRun, finishRun, putOffRun, stopRun } from "./end-run.ts";
import type { Attempt } from "./job.ts";
import type { ClaimedJob } from "./job-store.ts";
import type { PinnedInputs } from "./pin-inputs.ts";
import { createProgressReport } from "./report-progress.ts";
import type { Run, RunJobDeps } from "./run.ts";
import { createRunControl } from "./run-control.ts";

/** A job that took this many backends down, or found them so, is given up: it must not go on to the next GPU. */
const ATTEMPTS_MAX = 3;
const BUSY_DELAY_MS = 1_000;
/** A backend that left the configuration may be back after the next restart, with the render done; longer than this nobody waits for it. */
const MISSING_BACKEND_MS = 120_000;

/** Works on a claimed job until it has ended, must wait, or `detach` aborts; then the next worker goes on from the database. */
export type RunJob = (claimed: ClaimedJob, detach: AbortSignal) => Promise<void>;

export function createRunJob(deps: RunJobDeps): RunJob {
  const missingSinceMs = new Map<string, number>();
  return async function runJob(claimed, detach) {
    const log = deps.log.with({ jobId: claimed.job.id, kind: claimed.job.kind });
    using control = createRunControl(claimed.job, { ...deps, log });
    const run: Run = { claimed, control, detach, log, deps, missingSinceMs };
    try {
      await runAttempts(run);
    } catch (thrown) {
      if (detach.aborted) return;
      if (control.stopReason !== undefined) return void (await stopRun(run));
      const error = toAppError(thrown);
      if (error.code === "unavailable") return void (await putOffRun(run, error));
      if (error.code === "internal_error")
        log.error({ error: error.cause }, "A job failed for a reason nobody foresaw.");
      await failRun(run, error, { isRefunded: true });
    }
  };
}

/** What a dispatch means for the run: over, or once more. */
type Verdict = "over" | "again";

async function runAttempts(run: Run): Promise<void> {
  const { claimed, control, deps } = run;
  const { liveAttempt } = claimed;
  // A live attempt is looked up even when the job is to stop: its prompt must not go on unseen.
  if (liveAttempt !== undefined && (await judge(run, await resume(run, liveAttempt))) === "over") return;
  if (control.stopReason !== undefined) return void (await stopRun(run));
  // Once for all attempts: what a URL shows may have changed by the second.
  const inputs = await deps.pinInputs(claimed, control.signal);
  while ((await judge(run, await dispatchNew(run, inputs))) === "again");
}

async function dispatchNew(run: Run, inputs: PinnedInputs): Promise<Dispatch> {
  const { claimed, control, deps } = run;
  await control.look();
  control.signal.throwIfAborted();
  return deps.dispatchJob({ job: claimed.job, lease: claimed.lease, inputs }, renderOptions(run));
}

async function resume(run: Run, attempt: Attempt): Promise<Dispatch> {
  const backend = run.deps.findBackend(attempt.backendId);
  if (backend === undefined) return waitForMissing(run, attempt);
  run.log.info({ attemptId: attempt.id, backendId: backend.id }, "Taking up an attempt that an earlier worker left.");
  const outcome = await backend.resume({
    ...renderOptions(run),
    promptId: attempt.id,
    backendEpoch: attempt.backendEpoch,
  });
  return { type: "rendered", backend, attempt, outcome };
}

function waitForMissing({ deps, missingSinceMs }: Run, attempt: Attempt): Dispatch {
  const reason = `Its backend ${attempt.backendId} is not configured any more.`;
  const nowMs = deps.clock.monotonicMs();
  const sinceMs = missingSinceMs.get(attempt.id) ?? nowMs;
  missingSinceMs.set(attempt.id, sinceMs);
  if (nowMs - sinceMs < MISSING_BACKEND_MS) return { type: "waiting", reason };
  missingSinceMs.delete(attempt.id);
  return { type: "lost", attempt, reason };
}

function renderOptions({ claimed, control, detach, deps }: Run) {
  const onProgress = createProgressReport(claimed.lease, claimed.job.progress?.value ?? 0, deps);
  return { onProgress, signal: control.signal, detach };
}

async function judge(run: Run, dispatch: Dispatch): Promise<Verdict> {
  const { claimed, deps, log } = run;
  switch (dispatch.type) {
    case "waiting":
      log.debug({ reason: dispatch.reason }, "The job waits.");
      await deps.jobs.postpone(claimed.lease, { reason: dispatch.reason, delayMs: BUSY_DELAY_MS });
      return "over";
    case "lost":
      return retry(run, dispatch.attempt, dispatch.reason);
    case "unfit":
      await failRun(run, dispatch.error, { isRefunded: true });
      return "over";
    case "lease_lost":
      log.warn({}, "Another worker has taken this job over.");
      return "over";
    case "rendered":
      return judgeOutcome(run, dispatch, dispatch.outcome);
  }
}

type Rendered = Extract<Dispatch, { type: "rendered" }>;

async function judgeOutcome(run: Run, rendered: Rendered, outcome: RenderOutcome): Promise<Verdict> {
  const { attempt } = rendered;
  switch (outcome.type) {
    case "succeeded":
      return collect(run, rendered, outcome.files);
    case "failed":
      await failRun(run, new AppError("generation_failed", outcome.message, { details: outcome.details }), { attempt });
      return "over";
    case "detached":
      return "over";
    case "interrupted":
      // Without a flag of ours somebody else's late interrupt hit it: that is no reason to fail the job.
      if (run.control.stopReason === undefined) return retry(run, attempt, "It was interrupted on the backend.");
      await stopRun(run, attempt);
      return "over";
    case "lost":
    case "out_of_memory":
    case "unreachable":
      return retry(run, attempt, outcome.message);
  }
}

async function retry(run: Run, attempt: Attempt, reason: string): Promise<Verdict> {
  const { claimed, deps, log } = run;
  log.warn(
    { attemptId: attempt.id, n: attempt.n, backendId: attempt.backendId, reason },
    "An attempt came to nothing.",
  );
  await deps.jobs.markAttempt(claimed.lease, attempt.id, "lost");
  if (run.control.stopReason !== undefined) {
    await stopRun(run);
    return "over";
  }
  if (attempt.n < ATTEMPTS_MAX) return "again";
  const sentence = `The job was tried ${attempt.n} times and given up. Last: ${reason}`;
  await failRun(run, new AppError("backend_crashed", sentence), { isRefunded: true });
  return "over";
}

async function collect(run: Run, { backend, attempt }: Rendered, files: readonly RenderedFile[]): Promise<Verdict> {
  const { claimed, deps } = run;
  const { lease } = claimed;
  if (!(await deps.jobs.setState(lease, "collecting"))) return "over";
  try {
    // Not the run's signal: a render that succeeded wins over a cancel that came late.
    const { outputNodes } = attempt;
    const outputs = await deps.storeOutputs(backend, files, {
      outputNodes,
      stem: claimed.job.kind,
      signal: run.detach,
    });
    await finishRun(run, { state: "complete", summary: attempt.summary, outputs }, { attempt });
    return "over";
  } catch (thrown) {
    if (run.detach.aborted) return "over";
    const error = toAppError(thrown);
    if (error.code === "output_unavailable") return retry(run, attempt, error.message);
    // The render is kept: whoever claims the job next finds it done and fetches its files again.
    if (error.code === "internal_error" || error.code === "unavailable") await putOffRun(run, error);
    else await failRun(run, error, { attempt });
    return "over";
  }
}
