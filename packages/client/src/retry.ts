import { APIError, type ComfyError, fieldOf } from "./errors.ts";

/** Delays between attempts where the service names none: 0.5 s, doubled each time up to 8 s, each shortened by up to a half. */
export const BACKOFF = { firstMs: 500, maxMs: 8000, jitter: 0.5 } as const;

/** Codes with which a 503 says that it did nothing, so that even a write may be sent again. */
const REFUSED_UNTOUCHED = ["draining", "no_backend", "unavailable"];

/** What connection errors are called when not one byte of the request has left: repeating is always safe. */
const NEVER_SENT = /ECONNREFUSED|ENOTFOUND|EAI_AGAIN|E(HOST|NET)UNREACH|CONNECT_TIMEOUT|CERT|ERR_TLS|ConnectionRefused/;

export function toBackoffMs(failures: number): number {
  const ms = Math.min(BACKOFF.maxMs, BACKOFF.firstMs * 2 ** failures);
  return ms * (1 - BACKOFF.jitter * Math.random());
}

/** Whether the request cannot have reached anybody. Runtimes hide the reason one level down. */
export function isNeverSent(cause: unknown): boolean {
  return NEVER_SENT.test(`${fieldOf(cause, "code")} ${fieldOf(fieldOf(cause, "cause"), "code")}`);
}

/**
 * Whether an answered attempt may be repeated.
 * @param isReplaySafe a repeat cannot make a second job: the request only reads, or the service is known to honour its idempotency key
 */
export function isRepeatable(error: APIError, isReplaySafe: boolean): boolean {
  const { status, code } = error;
  if (status === 429) return true;
  if (code === "async_disabled" || error.jobId) return false;
  if (status === 503 && (error.retryAfterMs !== undefined || REFUSED_UNTOUCHED.includes(code))) return true;
  return isReplaySafe && (status >= 500 || status === 408 || code === "invalid_response");
}

/** Milliseconds to wait before the next attempt: what the service asked for, never less, plus a little against stampedes. */
export function toDelayMs(error: ComfyError, failures: number): number {
  const asked = error instanceof APIError ? error.retryAfterMs : undefined;
  return asked === undefined ? toBackoffMs(failures) : asked + Math.random() * 250;
}
