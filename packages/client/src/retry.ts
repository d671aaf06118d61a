import { APIError, type ComfyError } from "./errors.ts";
import { fieldOf } from "./parsed-body.ts";

/** Codes with which a 503 says that it did nothing, so that even a write may be sent again. */
const REFUSED_UNTOUCHED = /^(draining|no_backend|unavailable)$/;

/** What connection errors are called when not one byte of the request has left: repeating is always safe. */
const NEVER_SENT = /REFUSED|ENOTFOUND|EAI_AGAIN|UNREACH|CONNECT_TIMEOUT|CERT|ERR_TLS/i;

/** Delays where the service names none: 0.5 s, doubled each time up to 8 s, each shortened by up to a half. */
export const toBackoffMs = (failures: number): number => Math.min(8000, 500 * 2 ** failures) * (1 - Math.random() / 2);

/** Whether the request cannot have reached anybody. Runtimes hide the reason one level down. */
export const isNeverSent = (cause: unknown): boolean =>
  NEVER_SENT.test(`${fieldOf(cause, "code")} ${fieldOf(fieldOf(cause, "cause"), "code")}`);

/**
 * Whether an answered attempt may be repeated.
 * @param isReplaySafe a repeat cannot make a second job: the request only reads, or the service is known to honour its idempotency key
 */
export function isRepeatable(error: APIError, isReplaySafe: boolean): boolean {
  const { status, code } = error;
  if (status === 429) return true;
  if (code === "async_disabled" || error.jobId) return false;
  if (status === 503 && (error.retryAfterMs !== undefined || REFUSED_UNTOUCHED.test(code))) return true;
  return isReplaySafe && (status >= 500 || status === 408 || code === "invalid_response");
}

/** Milliseconds to wait before the next attempt: what the service asked for, never less, plus a little against stampedes. */
export function toDelayMs(error: ComfyError, failures: number): number {
  const asked = error instanceof APIError ? error.retryAfterMs : undefined;
  return asked === undefined ? toBackoffMs(failures) : asked + Math.random() * 250;
}
