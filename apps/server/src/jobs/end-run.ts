import type { AppError } from "../errors.ts";
import { cancelledFailure } from "./cancel-job.ts";
import type { Attempt } from "./job.ts";
import type { Ending } from "./job-store.ts";
import type { Run } from "./run.ts";

const PUT_OFF_MS = 5_000;

/** Our disk or our database did not take what they were given. That says nothing about the job, which goes on from where it stands. */
export async function putOffRun(run: Run, error: AppError): Promise<void> {
  const { claimed, deps, log } = run;
  log.error({ error: error.cause ?? error }, "Something of ours did not work; the job is taken up again soon.");
  await noteRender(run);
  await deps.jobs.postpone(claimed.lease, { reason: error.message, delayMs: PUT_OFF_MS });
}

/** What the backend did for the live attempt, for whoever goes on with the job: what it then waits for is no time of the backend. */
export async function noteRender({ claimed, deps, live, log, meter }: Run): Promise<void> {
  if (meter === undefined || meter.attemptId !== live?.id) return;
  const span = meter.read();
  if (span.beganAgoMs === undefined && span.endedAgoMs === undefined) return;
  await deps.jobs
    .noteRender(claimed.lease, span)
    .catch((error: unknown) => log.debug({ error }, "Since when the attempt runs was not written down."));
}

/**
 * Another process may go on at once, instead of when the lease runs out. A job whose prompt lives on a backend stays leased, out of date:
 * only who owns that backend takes it up. When somebody has it already, nothing changes.
 */
export async function letGoOfRun(run: Run): Promise<void> {
  const { claimed, deps, live, log } = run;
  log.info({ attemptId: live?.id }, "Letting go of a job.");
  await noteRender(run);
  if (live === undefined) await deps.jobs.postpone(claimed.lease, { reason: "Its worker let go of it.", delayMs: 0 });
  else await deps.jobs.renew([claimed.lease], 0);
}

interface EndingOptions {
  readonly attempt?: Attempt;
  readonly isRefunded?: boolean;
}

/** Ends a job that was cancelled or outlived its deadline. */
export async function stopRun(run: Run, options: EndingOptions): Promise<void> {
  const ending: Ending =
    run.control.stopReason === "deadline"
      ? {
          state: "expired",
          failure: { code: "deadline_exceeded", message: "The job did not end before its deadline." },
        }
      : { state: "cancelled", failure: cancelledFailure };
  await finishRun(run, ending, options);
}

/** Ends a job that gives no result. */
export function failRun(run: Run, { code, message, details }: AppError, options: EndingOptions): Promise<void> {
  const failure = { code, message, ...(details !== undefined && { details }) };
  return finishRun(run, { state: "failed", failure }, options);
}

export async function finishRun(
  { claimed, deps, meter }: Run,
  ending: Ending,
  { attempt, isRefunded = false }: EndingOptions,
): Promise<void> {
  const { lease } = claimed;
  await deps.finishJob({
    ...{ jobId: lease.jobId, lease, ending, isRefunded },
    ...(attempt && { attemptId: attempt.id }),
    ...(meter && { span: meter.read() }),
  });
}
