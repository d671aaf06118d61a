import { fieldOf } from "./parsed-body.ts";
import type { RateLimit } from "./rate-limit.ts";

/** What every error of this package may carry. */
export interface ErrorFields {
  readonly code: string;
  readonly requestId?: string | undefined;
  readonly jobId?: string | undefined;
  readonly idempotencyKey?: string | undefined;
  readonly retryable?: boolean | undefined;
  readonly cause?: unknown;
  readonly details?: unknown;
}

const BRAND = "@comfy/client:error";

/**
 * The root of everything this package throws, except your own abort reason, which comes back unchanged.
 * Neither its JSON nor its printed form holds a key, a secret or a signature.
 */
export class ComfyError extends Error {
  override name = "ComfyError";
  /** A stable name for programs: the service's own code, or one of this package's. */
  declare readonly code: string;
  /** Quote it when asking for help. */
  declare readonly requestId: string | undefined;
  /** The job this is about; `comfy.job(kind, jobId)` takes it up again. */
  declare readonly jobId: string | undefined;
  /** Sending the same request with this key again can never make a second job. */
  declare readonly idempotencyKey: string | undefined;
  /** Whether the same call may succeed later without anything being changed. */
  declare readonly retryable: boolean;

  constructor(message: string, fields: ErrorFields) {
    super(message);
    const { cause, ...shown } = fields;
    Object.assign(this, { retryable: false }, shown);
    const hide = (key: PropertyKey, value: unknown) => Object.defineProperty(this, key, { value });
    if (cause) hide("cause", cause);
    hide(Symbol.for(BRAND), true);
    hide(Symbol.for("nodejs.util.inspect.custom"), () => `${this.stack} ${JSON.stringify(this)}`);
  }

  /** Whether a value is an error of this package, also of another copy of it (ESM beside CommonJS, two versions). */
  static is(value: unknown): value is ComfyError {
    return Symbol.for(BRAND) in Object(value);
  }

  /** The fields that are safe to log: no headers, no body, no cause. */
  toJSON(): object {
    return { ...this, message: this.message, headers: undefined, body: undefined };
  }
}

/** The client cannot work as configured: `missing_base_url`, `missing_api_secret`, `secret_in_browser`, `insecure_context`. */
export class ConfigError extends ComfyError {
  override name = "ConfigError";
}

/** No answer, or half of one. `cause` holds what `fetch` threw. */
export class ConnectionError extends ComfyError {
  override name = "ConnectionError";
}

/** A deadline passed. With phase `wait` the job goes on: `jobId` resumes it. */
export class TimeoutError extends ComfyError {
  override name = "TimeoutError";
  declare readonly phase: "request" | "wait";

  constructor(phase: "request" | "wait", timeoutMs: number, jobId?: string) {
    const words = phase === "wait" ? `The job ${jobId} did not end` : "The service did not answer";
    super(`${words} within ${timeoutMs} ms.`, { code: `${phase}_timeout`, jobId, retryable: true });
    Object.assign(this, { phase });
  }
}

/** What an {@link APIError} knows beside the common fields. */
export interface APIErrorFields extends ErrorFields {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
  readonly rateLimit: RateLimit | undefined;
  readonly retryAfterMs: number | undefined;
}

/** The service answered with an error status, or with something that is no answer (`invalid_response`). */
export class APIError extends ComfyError {
  override name = "APIError";
  declare readonly status: number;
  declare readonly headers: Headers;
  /** The parsed JSON, or the text when it was none. */
  declare readonly body: unknown;
  declare readonly rateLimit: RateLimit | undefined;
  /** Milliseconds to wait before trying again, when the service named a time. */
  declare readonly retryAfterMs: number | undefined;

  constructor(message: string, fields: APIErrorFields) {
    super(message, fields);
  }

  /** What a program may need beside the sentence, e.g. the list of invalid fields. */
  get details(): unknown {
    return fieldOf(this.body, "details");
  }
}

/** 400 or 422: the input is wrong, or cannot be rendered there. See `details`. */
export class BadRequestError extends APIError {
  override name = "BadRequestError";
}

/** 401. */
export class AuthenticationError extends APIError {
  override name = "AuthenticationError";
  /** Which of the three it is: an unknown key, a wrong secret, or a clock that is off by more than five minutes. */
  get reason(): "bad_key" | "bad_signature" | "clock_skew" {
    const words = this.code + this.message;
    if (/expired|timestamp/i.test(words)) return "clock_skew";
    return /api.?key/i.test(words) ? "bad_key" : "bad_signature";
  }
}

/** 403. */
export class PermissionDeniedError extends APIError {
  override name = "PermissionDeniedError";
}

/** 404. */
export class NotFoundError extends APIError {
  override name = "NotFoundError";
}

/** 409. */
export class ConflictError extends APIError {
  override name = "ConflictError";
}

/** 429. See `retryAfterMs` and `resetAt`. */
export class RateLimitError extends APIError {
  override name = "RateLimitError";
  /** When the exhausted window opens again, when the service said so. */
  get resetAt(): Date | undefined {
    return this.rateLimit?.reset;
  }
}

/** 500 and above. */
export class ServerError extends APIError {
  override name = "ServerError";
}

/** A job that will not give a result. */
export class JobError extends ComfyError {
  override name = "JobError";
}

/** The generation failed; `details` names the node that raised, where the service knows it. */
export class JobFailedError extends JobError {
  override name = "JobFailedError";
  declare readonly details: unknown;
}

/** The job was cancelled, by you or by someone else. */
export class JobCanceledError extends JobError {
  override name = "JobCanceledError";
}

/** The service does not know the job (any more). */
export class JobLostError extends JobError {
  override name = "JobLostError";
}

/** A webhook that must not be believed: `stale`, `bad_signature`, `missing_header`, `body_consumed`, `invalid_body`. */
export class WebhookSignatureError extends ComfyError {
  override name = "WebhookSignatureError";
}
