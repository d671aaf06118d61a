import type { Bucket } from "@comfy/contracts";
import type { Clock } from "../clock.ts";
import { AppError } from "../errors.ts";
import type { Caller } from "./caller.ts";
import type { LimitWindow, RateLimiter, Spent } from "./rate-limiter.ts";

/** A refusal that still tells how the limits stand, for the headers of its answer. */
export class RateLimitedError extends AppError {
  readonly spent: Spent;

  constructor(sentence: string, spent: Spent, retryAfterSeconds: number) {
    super("rate_limited", sentence, { retryAfterSeconds });
    this.name = "RateLimitedError";
    this.spent = spent;
  }
}

/** Whole seconds, rounded up and at least one, until a refused request would be allowed. */
export function toRetryAfterSeconds(spent: Spent, nowMs: number): number {
  const full = spent.windows.filter((window) => window.remaining === 0);
  return Math.max(1, ...full.map((window) => Math.ceil((window.resetAtMs - nowMs) / 1000)));
}

const toWindow = (name: "minute" | "hour", limit: number): LimitWindow => ({
  name,
  limit,
  windowMs: name === "minute" ? 60_000 : 3_600_000,
});

/** A caller who is known spends nothing of an address: what is counted per address on public routes is a request like any other here. */
type OwnerBucket = Exclude<Bucket, "none" | "auth">;

function toWindows({ limits }: Caller, bucket: OwnerBucket): readonly LimitWindow[] {
  if (bucket === "jobReads") return [toWindow("minute", limits.jobReadsPerMinute)];
  return [toWindow("minute", limits.requestsPerMinute), toWindow("hour", limits.requestsPerHour)];
}

export type LimitRequest = (caller: Caller, bucket: Bucket) => Promise<Spent | undefined>;

/**
 * Counts a request against its owner's limits: all keys of an owner spend together. Undefined for bucket `none`.
 * Throws {@link RateLimitedError} when a window is full.
 */
export function createLimitRequest({ limiter, clock }: { limiter: RateLimiter; clock: Clock }): LimitRequest {
  return async (caller, asked) => {
    if (asked === "none") return undefined;
    const bucket = asked === "auth" ? "requests" : asked;
    const spent = await limiter.spend(`${bucket}:${caller.ownerId}`, toWindows(caller, bucket));
    const [nearest] = spent.windows;
    if (spent.isAllowed || !nearest) return spent;
    const what = bucket === "jobReads" ? "job reads" : "requests";
    const seconds = toRetryAfterSeconds(spent, clock.nowMs());
    const sentence = `Rate limit exceeded: ${nearest.limit} ${what} per ${nearest.name}. Try again in ${seconds} s.`;
    throw new RateLimitedError(sentence, spent, seconds);
  };
}
