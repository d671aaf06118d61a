import { fieldOf } from "./errors.ts";

/** The window nearest to exhaustion, as the service last told it. */
export interface RateLimit {
  readonly limit: number;
  readonly remaining: number;
  /** When the window opens again. */
  readonly reset: Date;
}

// Seconds, milliseconds and "seconds from now" are all met in the wild for X-RateLimit-Reset. 1e12 ms is 2001; 1e9 s is 2001.
function toEpochMs(value: number, nowMs: number): number {
  if (value > 1e12) return value;
  return value > 1e9 ? value * 1000 : nowMs + value * 1000;
}

/** The rate limit headers of an answer, or undefined when it has none. */
export function readRateLimit(headers: Headers, nowMs = Date.now()): RateLimit | undefined {
  const [limit, remaining, reset] = ["Limit", "Remaining", "Reset"].map((name) => {
    const text = headers.get(`X-RateLimit-${name}`);
    return text ? Number(text) : Number.NaN;
  });
  if (!(Number.isFinite(remaining) && Number.isFinite(reset))) return undefined;
  return { limit: limit ?? 0, remaining: remaining ?? 0, reset: new Date(toEpochMs(reset ?? 0, nowMs)) };
}

const positive = (ms: number) => (ms > 0 ? ms : undefined);

/**
 * Milliseconds the service asked to wait: `Retry-After` (seconds or a date), `retryAfter` of the body, or the reset of an exhausted
 * window. Zero, the past and nonsense are no request: the usual backoff applies.
 */
export function readRetryAfterMs(
  headers: Headers,
  body: unknown,
  status: number,
  nowMs = Date.now(),
): number | undefined {
  const header = headers.get("Retry-After");
  if (header) {
    const seconds = Number(header);
    const ms = positive(Number.isNaN(seconds) ? Date.parse(header) - nowMs : seconds * 1000);
    if (ms) return ms;
  }
  const fromBody = positive(Number(fieldOf(body, "retryAfter")) * 1000);
  if (fromBody || status !== 429) return fromBody;
  const limit = readRateLimit(headers, nowMs);
  return limit && positive(limit.reset.getTime() - nowMs);
}
