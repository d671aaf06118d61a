import { type ErrorCode, errorStatus } from "@comfy/contracts";

export interface AppErrorOptions {
  /** The private half: what really happened. Logged, never sent. */
  readonly cause?: unknown;
  /** What a program may need beside the sentence; sent as it is. */
  readonly details?: unknown;
  /** The job this error is about, when the caller may go on with it. */
  readonly job?: { readonly kind: string; readonly id: string };
  readonly retryAfterSeconds?: number;
}

/**
 * An error with two halves: a public sentence with a stable code, and a private cause. The code decides the HTTP status.
 *
 * @example throw new AppError("asset_not_found", `No asset ${id} belongs to this key.`);
 */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly details: unknown;
  readonly job: AppErrorOptions["job"];
  readonly retryAfterSeconds: number | undefined;

  constructor(code: ErrorCode, sentence: string, options: AppErrorOptions = {}) {
    super(sentence, options.cause === undefined ? {} : { cause: options.cause });
    this.name = "AppError";
    this.code = code;
    this.details = options.details;
    this.job = options.job;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }

  get status(): number {
    return errorStatus[this.code];
  }
}

/** Any thrown value as an {@link AppError}; what nobody foresaw becomes `internal_error` and keeps its cause for the log. */
export function toAppError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown;
  return new AppError("internal_error", "Something went wrong on our side.", { cause: thrown });
}
