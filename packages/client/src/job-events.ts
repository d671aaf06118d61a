import type { JobCanceledError, JobFailedError } from "./errors.ts";
import type { CompleteJob, JobProgress, JobSnapshot, WireEvent } from "./generated/types.ts";

/** Where a job stands. */
export interface JobStatus<Result> {
  readonly id: string;
  readonly status: "pending" | "processing" | "completed" | "failed" | "cancelled";
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  readonly completedAt?: string | undefined;
  readonly progress?: JobProgress | undefined;
  readonly seed?: number | undefined;
  /** With `completed`. */
  readonly result?: Result | undefined;
  /** With `failed` and `cancelled`: what went wrong, as a sentence. */
  readonly error?: string | undefined;
  readonly code?: string | undefined;
  readonly details?: unknown;
}

/** What happens to a job, in order; exactly one of `completed`, `failed`, `cancelled` comes last. A newer service may know more. */
export type JobEvent<Result> =
  | Exclude<WireEvent, { type: "completed" | "failed" | "cancelled" }>
  | { type: "reconnecting"; attempt: number; delayMs: number; error: unknown }
  | { type: "completed"; result: Result }
  | { type: "failed"; error: JobFailedError }
  | { type: "cancelled"; error: JobCanceledError };

/** What a wait may say. */
export interface WaitOptions<Result> {
  signal?: AbortSignal | undefined;
  /** Milliseconds the wait may take; the job itself goes on. Default: the client's, 600 000. */
  waitTimeoutMs?: number | undefined;
  /** `value` runs from 0 to 1 and never goes down. */
  onProgress?: ((progress: JobProgress) => void) | undefined;
  onEvent?: ((event: JobEvent<Result>) => void) | undefined;
  /** Milliseconds between reads of a service that cannot hold a read open. Default: a tenth of the time waited, 0.5 to 5 s. */
  pollIntervalMs?: number | undefined;
  /** Aborting `signal` also cancels the job. Default false: it goes on and can be taken up again. */
  cancelOnAbort?: boolean | undefined;
}

/** A job as the wire has it in this package's words: the result unwrapped, an unknown status read as running. */
export function toJobStatus<Result>(wire: JobSnapshot): JobStatus<Result> {
  const { result, ...rest }: { result?: CompleteJob["result"] } & JobSnapshot = wire;
  const word = wire.status.replace(/^complete$/, "completed");
  const status = (
    /^(pending|completed|failed|cancelled)$/.test(word) ? word : "processing"
  ) as JobStatus<Result>["status"];
  return { ...rest, status, result: (result?.result ?? result) as Result | undefined };
}

export const isEnded = (job: JobStatus<unknown>): boolean => !/^p/.test(job.status);

/** Which job. */
export interface JobAddress {
  readonly kind: string;
  readonly id: string;
}

/** A path of the contract with a job's ids in it, encoded: an id cannot lead to another path. */
export function toJobPath(path: string, { kind, id }: JobAddress): string {
  return path.replace(":kind", encodeURIComponent(kind)).replace(":id", encodeURIComponent(id));
}
