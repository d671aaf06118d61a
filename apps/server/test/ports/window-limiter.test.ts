import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import type { WindowLimiter } from "../../src/access/rate-limiter.ts";
import { createMemoryRateLimiter } from "../../src/access/rate-limiter-memory.ts";
import { createRedis, type RedisServer } from "../../src/adapters/redis/connect.ts";
import { createRedisScripts } from "../../src/adapters/redis/scripts.ts";
import { createLibraryLimiter } from "../../src/adapters/upstash/library-limiter.ts";
import { createUpstashScripts } from "../../src/adapters/upstash/scripts.ts";
import { silentLog } from "../../src/log.ts";
import { findRedis, type RedisProcess, startRedis } from "./start-redis.ts";
import { startUpstash, type UpstashDouble } from "./start-upstash.ts";

const redisBin = findRedis();
const window = { name: "minute", limit: 5, windowMs: 60_000 };

/** What every limiter of one window promises strangers. The library reads the machine's clock, so that one is moved. */
function testWindowLimiter(open: () => WindowLimiter): void {
  const spend = (limiter: WindowLimiter, subject: string) => limiter.spend(subject, [window]);

  it("allows exactly as many requests as the window holds, however many come at once", async () => {
    const limiter = open();
    const answers = await Promise.all(Array.from({ length: 100 }, () => spend(limiter, "203.0.113.7")));
    expect(answers.filter(({ isAllowed }) => isAllowed)).toHaveLength(5);
    expect(answers.at(-1)).toMatchObject({ windows: [{ name: "minute", limit: 5, remaining: 0 }] });
    expect(answers.at(-1)?.windows[0]?.resetAtMs).toBeGreaterThan(Date.now());
  });

  it("counts no refused request, so that the address is let in again two windows later at the latest", async () => {
    const limiter = open();
    for (let n = 0; n < 50; n++) await spend(limiter, "203.0.113.8");
    vi.setSystemTime(Date.now() + 2 * 60_000);
    expect(await spend(limiter, "203.0.113.8")).toMatchObject({ isAllowed: true });
  });

  it("does not open anew when a minute begins", async () => {
    const limiter = open();
    const minuteMs = Math.ceil(Date.now() / 60_000) * 60_000;
    vi.setSystemTime(minuteMs + 59_000);
    for (let n = 0; n < 5; n++) await spend(limiter, "203.0.113.9");
    vi.setSystemTime(minuteMs + 61_000);
    const after = await Promise.all(Array.from({ length: 5 }, () => spend(limiter, "203.0.113.9")));
    expect(after.filter(({ isAllowed }) => isAllowed).length).toBeLessThanOrEqual(1);
  });

  it("keeps addresses apart", async () => {
    const limiter = open();
    for (let n = 0; n < 6; n++) await spend(limiter, "2001:db8:1:2::/64");
    expect(await spend(limiter, "2001:db8:1:3::/64")).toMatchObject({ isAllowed: true, windows: [{ remaining: 4 }] });
  });
}

describe("a limiter of one window", () => {
  let server: RedisProcess;
  let redis: RedisServer;
  let upstash: UpstashDouble;
  let prefixes = 0;

  beforeAll(async () => {
    if (redisBin === undefined) return;
    server = await startRedis(redisBin);
    redis = createRedis({ url: server.url, log: silentLog });
    upstash = await startUpstash(server.url);
  }, 60_000);
  afterAll(async () => {
    await upstash?.stop();
    await redis?.close();
    await server?.stop();
  });
  afterEach(() => void vi.useRealTimers());
  const holdTime = () => vi.useFakeTimers({ toFake: ["Date"] });

  describe("in memory", () => {
    testWindowLimiter(() => {
      holdTime();
      return createMemoryRateLimiter({ clock: { nowMs: Date.now, monotonicMs: Date.now } });
    });
  });

  describe.skipIf(redisBin === undefined)("on Redis, through the library's own scripts", () => {
    testWindowLimiter(() => {
      holdTime();
      const scripts = createRedisScripts({ redis, name: "limits" });
      return createLibraryLimiter({ scripts: waiting(scripts), prefix: `redis-${++prefixes}` });
    });
  });

  describe.skipIf(redisBin === undefined)("on Upstash", () => {
    testWindowLimiter(() => {
      holdTime();
      return createLibraryLimiter({ scripts: createUpstashScripts(upstash), prefix: `upstash-${++prefixes}` });
    });
  });
});

/** The first call waits for the connection, as the start of the service does. */
function waiting(scripts: ReturnType<typeof createRedisScripts>): typeof scripts {
  let ready: Promise<void> | undefined;
  const wait = () => {
    ready ??= scripts.check();
    return ready;
  };
  return {
    ...scripts,
    evalsha: async (...args) => wait().then(() => scripts.evalsha(...args)),
    eval: async (...args) => wait().then(() => scripts.eval(...args)),
  };
}
