import { createIpGuard } from "../access/ip-guard.ts";
import { createLimitRequest } from "../access/limit-request.ts";
import type { RateLimiter, WindowLimiter } from "../access/rate-limiter.ts";
import { createMemoryRateLimiter } from "../access/rate-limiter-memory.ts";
import { createScriptRateLimiter, type ScriptRunner } from "../access/rate-limiter-script.ts";
import { withClosedDoor, withLocalGuard } from "../access/rate-limiter-watched.ts";
import { createStoreWatch } from "../access/store-watch.ts";
import { createRedisScripts } from "../adapters/redis/scripts.ts";
import { createLibraryLimiter } from "../adapters/upstash/library-limiter.ts";
import { createUpstashScripts } from "../adapters/upstash/scripts.ts";
import type { Ground } from "./ground.ts";
import type { Messages } from "./messages.ts";

interface Limiters {
  /** Counts callers who have proven who they are. */
  readonly owners: RateLimiter;
  /** Counts strangers, by the account that they say is theirs, too. */
  readonly strangers: RateLimiter;
  /** Counts strangers by their address. */
  readonly addresses: WindowLimiter;
}

/** How often who may call, and who counts. */
export function composeLimits(ground: Ground, messages: Pick<Messages, "deploymentId" | "openRedis">) {
  const { clock } = ground;
  const { owners, strangers, addresses } = composeLimiters(ground, messages);
  return {
    limitRequest: createLimitRequest({ limiter: owners, clock }),
    ipGuard: createIpGuard({ limiter: addresses, clock }),
    strangers,
  };
}

export type Limits = ReturnType<typeof composeLimits>;

function composeLimiters(
  ground: Ground,
  { deploymentId, openRedis }: Pick<Messages, "deploymentId" | "openRedis">,
): Limiters {
  const { limitStore } = ground.config;
  switch (limitStore.type) {
    case "memory":
      return countHere(ground);
    case "redis": {
      const scripts = createRedisScripts({ redis: openRedis(limitStore.url), name: "limits" });
      return countTogether(ground, { scripts, deploymentId, store: "Redis", deadlineMs: 500, time: "store" });
    }
    case "upstash":
      // The answer comes over the internet, and the first one after a while over a new connection.
      return countTogether(ground, {
        scripts: createUpstashScripts(limitStore),
        ...{ deploymentId, store: "Upstash", deadlineMs: 1_000, time: "process" },
      });
  }
}

function countHere({ config, clock, log }: Ground): Limiters {
  if (config.databaseUrl !== undefined)
    log.warn(
      {},
      "Rate limits count in each process alone: set REDIS_URL or UPSTASH_REDIS_REST_URL where several processes share the database.",
    );
  // Strangers choose their subjects, so a flood of them must not push the owners' counters out.
  const strangers = createMemoryRateLimiter({ clock });
  return { owners: createMemoryRateLimiter({ clock }), strangers, addresses: strangers };
}

interface SharedStore {
  readonly scripts: ScriptRunner & { check(): Promise<void> };
  readonly deploymentId: string;
  readonly store: string;
  readonly deadlineMs: number;
  readonly time: "store" | "process";
}

function countTogether({ clock, log, lifecycle }: Ground, shared: SharedStore): Limiters {
  const { scripts, deploymentId, store, deadlineMs, time } = shared;
  const watch = createStoreWatch({ store, check: scripts.check, log, deadlineMs });
  lifecycle.add({ name: "limits", start: watch.start, stop: watch.stop });
  const count = (what: string) =>
    createScriptRateLimiter({ scripts, prefix: `${deploymentId}:limits:${what}`, clock, time });
  return {
    owners: withLocalGuard(count("owners"), createMemoryRateLimiter({ clock }), watch),
    strangers: withClosedDoor(count("strangers"), watch),
    addresses: withClosedDoor(createLibraryLimiter({ scripts, prefix: `${deploymentId}:limits:addresses` }), watch),
  };
}
