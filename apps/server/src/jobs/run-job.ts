import type { NewAsset } from "../assets/asset.ts";
import type { Clock } from "../clock.ts";
import { AppError, toAppError } from "../errors.ts";
import type { Backend, RenderedFile, RenderOutcome } from "../generation/backend.ts";
import type { Log } from "../log.ts";
import { cancelledFailure } from "./cancel-job.ts";
import type { Dispatch, DispatchJob } from "./dispatch-job.ts";
import type { EventBus } from "./event-bus.ts";
import type { FinishJob } from "./finish-job.ts";
import type { Attempt } from "./job.ts";
import type { ClaimedJob, Ending, JobStore } from "./job-store.ts";
import type { PinInputs } from "./pin-inputs.ts";
import { createProgressReport } from "./report-progress.ts";
import { createRunControl, type RunControl } from "./run-control.ts";

/** A job that took this many backends down, or found them so, is given up: it must not go on to the next GPU. */
const ATTEMPTS_MAX = 3;
const BUSY_DELAY_MS = 1_000;
const PUT_OFF_MS = 5_000;
/** A backend that left the configuration may be back after the next restart, with the render done; longer than this nobody waits for it. */
const MISSING_BACKEND_MS = 120_000;

export interface RunJobDeps {
  readonly jobs: JobStore;
  readonly events: EventBus;
  readonly finishJob: FinishJob;
  readonly pinInputs: PinInputs;
  readonly dispatchJob: DispatchJob;
  readonly findBackend: (id: string) => Backend | undefined;
  /** Moves what a render made into the store, as streams. */
  readonly storeOutputs: (
    backend: Backend,
    files: readonly RenderedFile[],
    options: { readonly outputNodes: readonly string[]; readonly stem: string; readonly signal: AbortSignal },
  ) => Promise<readonly NewAsset[]>;
  readonly clock: Clock;
  readonly log: Log;
}

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
      if (control.stopReason !== undefined) return void (await stop(run));
      const error = toAppError(thrown);
      if (error.code === "unavailable") return void (await putOff(run, error));
      if (error.code === "internal_error")
        log.error({ error: error.cause }, "A job failed for a reason nobody foresaw.");
      await fail(run, error, { isRefunded: true });
    }
  };
}

interface Run {
  readonly claimed: ClaimedJob;
  readonly control: RunControl;
  readonly detach: AbortSignal;
  readonly log: Log;
  readonly deps: RunJobDeps;
  /** When a live attempt was first found to be on a backend that is not configured, by attempt. */
  readonly missingSinceMs: Map<string, number>;
}

/** What a dispatch means for the run: over, or once more. */
type Verdict = "over" | "again";

async function runAttempts(run: Run): Promise<void> {
  const { claimed, control, deps } = run;
  let live = claimed.liveAttempt;
  // A live attempt is looked up even when the job is to stop: its prompt must not go on unseen.
  if (live === undefined && control.stopReason !== undefined) return void (await stop(run));
  const inputs = live === undefined ? await deps.pinInputs(claimed, control.signal) : claimed.inputs;
  for (;;) {
    const dispatch = live === undefined ? await dispatchNew(run, inputs) : await resume(run, live);
    live = undefined;
    if ((await judge(run, dispatch)) === "over") return;
  }
}

async function dispatchNew(run: Run, inputs: Readonly<Record<string, string>>): Promise<Dispatch> {
  const { claimed, deps } = run;
  await run.control.look();
  run.control.signal.throwIfAborted();
  const pinned =
    Object.keys(inputs).length < claimed.job.plan.media.length
      ? await deps.pinInputs(claimed, run.control.signal)
      : inputs;
  return deps.dispatchJob({ job: claimed.job, lease: claimed.lease, inputs: pinned }, renderOptions(run));
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
      await fail(run, dispatch.error, { isRefunded: true });
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
      await fail(run, new AppError("generation_failed", outcome.message, { details: outcome.details }), { attempt });
      return "over";
    case "detached":
      return "over";
    case "interrupted":
      // Without a flag of ours somebody else's late interrupt hit it: that is no reason to fail the job.
      if (run.control.stopReason === undefined) return retry(run, attempt, "It was interrupted on the backend.");
      await stop(run, attempt);
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
    await stop(run);
    return "over";
  }
  if (attempt.n < ATTEMPTS_MAX) return "again";
  const sentence = `The job was tried ${attempt.n} times and given up. Last: ${reason}`;
  await fail(run, new AppError("backend_crashed", sentence), { isRefunded: true });
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
    await finish(run, { state: "complete", summary: attempt.summary, outputs }, { attempt });
    return "over";
  } catch (thrown) {
    if (run.detach.aborted) return "over";
    const error = toAppError(thrown);
    if (error.code === "output_unavailable") return retry(run, attempt, error.message);
    // The render is kept: whoever claims the job next finds it done and fetches its files again.
    if (error.code === "internal_error" || error.code === "unavailable") await putOff(run, error);
    else await fail(run, error, { attempt });
    return "over";
  }
}

/** Our disk or our database did not take what they were given. That says nothing about the job, which goes on from where it stands. */
async function putOff({ claimed, deps, log }: Run, error: AppError): Promise<void> {
  log.error({ error: error.cause ?? error }, "Something of ours did not work; the job is taken up again soon.");
  await deps.jobs.postpone(claimed.lease, { reason: error.message, delayMs: PUT_OFF_MS });
}

interface EndingOptions {
  readonly attempt?: Attempt;
  readonly isRefunded?: boolean;
}

async function stop(run: Run, attempt?: Attempt): Promise<void> {
  const ending: Ending =
    run.control.stopReason === "deadline"
      ? {
          state: "expired",
          failure: { code: "deadline_exceeded", message: "The job did not end before its deadline." },
        }
      : { state: "cancelled", failure: cancelledFailure };
  await finish(run, ending, { ...(attempt && { attempt }), isRefunded: attempt === undefined });
}

function fail(run: Run, { code, message, details }: AppError, options: EndingOptions): Promise<void> {
  const failure = { code, message, ...(details !== undefined && { details }) };
  return finish(run, { state: "failed", failure }, options);
}

async function finish(
  { claimed, deps }: Run,
  ending: Ending,
  { attempt, isRefunded = false }: EndingOptions,
): Promise<void> {
  const { lease } = claimed;
  await deps.finishJob({ jobId: lease.jobId, lease, ending, isRefunded, ...(attempt && { attemptId: attempt.id }) });
}
