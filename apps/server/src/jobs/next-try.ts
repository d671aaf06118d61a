import type { OwedDelivery } from "./outbox.ts";

/** Seconds from the first try to each further one: the Standard Webhooks schedule, 24 h in all. */
const TRY_AT_SECONDS = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
const LAST_MS = 86_400_000;

/** What failed in one moment would otherwise come back in one moment: each wait is longer by up to a tenth. */
const JITTER = 0.1;

/** A try that ends just before its own offset must not be repeated at once. */
const SLACK_MS = 1_000;

export interface NextTryOptions {
  /** From the first try to now. */
  readonly sinceFirstTryMs: number;
  /** The receiver's `Retry-After`, as it came. */
  readonly retryAfter?: string | undefined;
  readonly nowMs: number;
  /** From 0 to 1. */
  readonly random: number;
}

/**
 * Milliseconds until a delivery is tried again; undefined when this was the last time. Offsets that a slow try has passed are left out. A
 * receiver that asks for more time gets it, up to the end of the schedule. A test is tried once.
 */
export function toNextTry(
  { event }: Pick<OwedDelivery, "event">,
  { sinceFirstTryMs, retryAfter, nowMs, random }: NextTryOptions,
): number | undefined {
  if (event === "webhook.test") return undefined;
  const offset = TRY_AT_SECONDS.find((seconds) => seconds * 1_000 > sinceFirstTryMs + SLACK_MS);
  if (offset === undefined) return undefined;
  const scheduledMs = (offset * 1_000 - sinceFirstTryMs) * (1 + JITTER * random);
  const askedMs = Math.min(parseRetryAfter(retryAfter, nowMs), LAST_MS - sinceFirstTryMs);
  return Math.max(scheduledMs, askedMs);
}

/** Milliseconds that a `Retry-After` asks for: seconds or a date. Nothing for what is neither. */
function parseRetryAfter(text: string | undefined, nowMs: number): number {
  if (text === undefined) return 0;
  const ms = /^\d{1,9}$/.test(text.trim()) ? Number(text) * 1_000 : Date.parse(text) - nowMs;
  return Number.isNaN(ms) ? 0 : Math.max(0, ms);
}
