import { headerNames } from "@comfy/contracts";
import type { Spent, WindowState } from "./rate-limiter.ts";

// Structured fields hold integers of at most 15 digits.
const toInteger = (value: number): string => String(Math.min(999_999_999_999_999, Math.max(0, Math.ceil(value))));

const toPolicy = (window: WindowState): string =>
  `"${window.name}";q=${toInteger(window.limit)};w=${toInteger(window.windowMs / 1000)}`;

const toState = (window: WindowState, nowMs: number): string =>
  `"${window.name}";r=${toInteger(window.remaining)};t=${toInteger((window.resetAtMs - nowMs) / 1000)}`;

/**
 * The headers that tell how the limits stand: the legacy three for the window nearest to exhaustion (`X-RateLimit-Reset` in Unix
 * seconds, rounded up), and the IETF fields for all of them (`t` in seconds from now).
 */
export function toLimitHeaders(spent: Spent, nowMs: number): Record<string, string> {
  const [nearest] = spent.windows;
  if (!nearest) return {};
  return {
    [headerNames.rateLimitLimit]: toInteger(nearest.limit),
    [headerNames.rateLimitRemaining]: toInteger(nearest.remaining),
    [headerNames.rateLimitReset]: toInteger(nearest.resetAtMs / 1000),
    [headerNames.rateLimitPolicy]: spent.windows.map(toPolicy).join(", "),
    [headerNames.rateLimit]: spent.windows.map((window) => toState(window, nowMs)).join(", "),
  };
}
