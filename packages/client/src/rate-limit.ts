import { fieldOf } from "./parsed-body.ts";

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
  const read = (name: string) => Number(headers.get(`X-RateLimit-${name}`) || Number.NaN);
  const reset = read("Reset");
  const remaining = read("Remaining");
  if (!(reset >= 0 && remaining >= 0)) return undefined;
  return { limit: read("Limit"), remaining, reset: new Date(toEpochMs(reset, nowMs)) };
}

/**
 * Milliseconds the service asked to wait: `Retry-After` (seconds or a date), `retryAfter` of the body, or the reset of an exhausted
 * window. Zero, the past and nonsense are no request: the usual backoff applies.
 */
export function readRetryAfterMs(headers: Headers, body: unknown, status: number): number | undefined {
  const nowMs = Date.now();
  const header = headers.get("Retry-After") ?? "";
  const fromReset = () => (status === 429 ? Number(readRateLimit(headers)?.reset) - nowMs : Number.NaN);
  const asked = [
    Number(header) * 1000,
    Date.parse(header) - nowMs,
    Number(fieldOf(body, "retryAfter")) * 1000,
    fromReset(),
  ];
  return asked.find((ms) => ms > 0);
}
