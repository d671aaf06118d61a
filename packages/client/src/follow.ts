import { createScope, sleep } from "./deadline.ts";
import { APIError, ComfyError, JobLostError, NotFoundError, TimeoutError } from "./errors.ts";
import { paths } from "./generated/routes.ts";
import type { JobSnapshot } from "./generated/types.ts";
import {
  isEnded,
  type JobAddress,
  type JobEvent,
  type JobStatus,
  toJobPath,
  toJobStatus,
  type WaitOptions,
} from "./job-events.ts";
import type { CallOptions } from "./options.ts";
import { startProgress } from "./progress.ts";
import { toDelayMs } from "./retry.ts";
import type { Transport } from "./transport.ts";

/** The service holds a read open for at most 25 s. */
const HOLD_MAX_MS = 25_000;

/** A job that is unknown three reads in a row is lost; once or twice it may be a replica that lags. */
const UNKNOWN_READS_MAX = 3;

/** Refusals that another read will not change. */
function isFinal(error: unknown): boolean {
  if (error instanceof APIError)
    return error.status >= 300 && error.status < 500 && ![404, 408, 429].includes(error.status);
  return !(error instanceof ComfyError && error.retryable);
}

/** One read of a job; with `waitSeconds` the service holds the answer until the job ends. */
export async function readJob<Result>(
  transport: Transport,
  job: JobAddress,
  { waitSeconds, ...options }: CallOptions & { readonly waitSeconds?: number } = {},
): Promise<JobStatus<Result>> {
  const path = toJobPath(paths.job, job) + (waitSeconds ? `?wait=${waitSeconds}` : "");
  const { data } = await transport.send<JobSnapshot>({
    ...options,
    method: "GET",
    path,
    isPoll: true,
    expect: "status",
  });
  return toJobStatus<Result>(data);
}

/**
 * Waits until a job has ended, whatever happens to the connection or the service meanwhile.
 * Throws the signal's reason, `TimeoutError` (phase `wait`), `JobLostError`, or a refusal that no further read would change.
 */
export async function followJob<Result>(
  transport: Transport,
  job: JobAddress,
  options: WaitOptions<Result>,
  onEvent?: (event: JobEvent<Result>) => void,
): Promise<JobStatus<Result>> {
  const timeoutMs = options.waitTimeoutMs ?? transport.options.waitTimeoutMs ?? 600_000;
  const startedMs = Date.now();
  const deadlineMs = startedMs + timeoutMs;
  const scope = createScope(options.signal);
  const { signal } = scope;
  const progress = onEvent && startProgress(transport, job, onEvent, signal);
  try {
    for (let failures = 0, unknownReads = 0; ; ) {
      const askedMs = Date.now();
      // The last read comes after the deadline: a process that slept through it (a closed laptop) still learns how the job ended.
      const isLast = askedMs >= deadlineMs;
      const holdMs = isLast
        ? 0
        : Math.min(deadlineMs - askedMs, progress && !progress.isStreaming ? 2000 : HOLD_MAX_MS);
      let pauseMs = 0;
      try {
        const status = await readJob<Result>(transport, job, {
          signal,
          maxRetries: 0,
          waitSeconds: holdMs / 1000,
          timeoutMs: holdMs + 10_000,
        });
        failures = unknownReads = 0;
        if (isEnded(status)) return status;
        progress?.emit(status.status === "pending" ? { type: "queued" } : { type: "running" });
        if (status.progress) progress?.emit({ type: "progress", ...status.progress });
        // Answered long before it had to be: this service does not hold reads open.
        if (Date.now() - askedMs < holdMs * 0.9) {
          pauseMs = options.pollIntervalMs ?? Math.min(5000, Math.max(500, (Date.now() - startedMs) / 10));
        }
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        if (isFinal(error) || !(error instanceof ComfyError)) throw error;
        unknownReads = error instanceof NotFoundError ? unknownReads + 1 : 0;
        if (unknownReads >= UNKNOWN_READS_MAX) {
          throw new JobLostError(`The service does not know the job ${job.id}.`, {
            code: "job_lost",
            jobId: job.id,
            cause: error,
          });
        }
        pauseMs = unknownReads ? 1000 : toDelayMs(error, Math.min(failures, 3));
        failures++;
        progress?.emit({ type: "reconnecting", attempt: failures, delayMs: pauseMs, error });
      }
      if (isLast) throw new TimeoutError("wait", timeoutMs, job.id);
      await sleep(Math.min(pauseMs, Math.max(0, deadlineMs - Date.now())), signal);
    }
  } finally {
    scope.abort();
    scope.release();
  }
}
