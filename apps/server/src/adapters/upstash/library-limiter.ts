import { Ratelimit } from "@upstash/ratelimit";
import type { Redis } from "@upstash/redis";
import type { LimitWindow, WindowLimiter } from "../../access/rate-limiter.ts";
import type { ScriptRunner } from "../../access/rate-limiter-script.ts";

export interface LibraryLimiterOptions {
  readonly scripts: ScriptRunner;
  /** In front of every key; keeps deployments on one store apart. */
  readonly prefix: string;
}

/**
 * One window over a subject, weighted between the minute before and this one: two counters for each subject, however many requests it
 * makes, which is what strangers should cost. Runs wherever its scripts run.
 */
export function createLibraryLimiter({ scripts, prefix }: LibraryLimiterOptions): WindowLimiter {
  const limits = new Map<string, Ratelimit>();

  function limitOf({ name, limit, windowMs }: LimitWindow): Ratelimit {
    const key = `${name}/${limit}/${windowMs}`;
    const made = limits.get(key) ?? create(`${prefix}:${name}:${windowMs}`, limit, windowMs);
    limits.set(key, made);
    return made;
  }

  function create(keys: string, limit: number, windowMs: number): Ratelimit {
    return new Ratelimit({
      // Without analytics, protection and dynamic limits the library calls `evalsha` and `eval`, and nothing else of a client.
      redis: scripts as unknown as Redis,
      limiter: Ratelimit.slidingWindow(limit, `${windowMs} ms`),
      prefix: keys,
      // Zero: no time after which everybody is let in. Who calls has a deadline.
      timeout: 0,
      // What one process remembers would outlast what all of them agree on.
      ephemeralCache: false,
      analytics: false,
      enableTelemetry: false,
    });
  }

  return {
    async spend(subject, [window]) {
      // In braces, so that a cluster keeps both counters of a subject together.
      const { success, remaining, reset } = await limitOf(window).limit(`{${subject.replace(/[{}]/g, "_")}}`);
      return { isAllowed: success, windows: [{ ...window, remaining, resetAtMs: reset }] };
    },
  };
}
