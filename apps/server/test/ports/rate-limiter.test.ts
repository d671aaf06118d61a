import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { createMemoryRateLimiter } from "../../src/access/rate-limiter-memory.ts";
import { createScriptRateLimiter, type ScriptRunner } from "../../src/access/rate-limiter-script.ts";
import { withLocalGuard } from "../../src/access/rate-limiter-watched.ts";
import { createStoreWatch } from "../../src/access/store-watch.ts";
import { createRedis, type RedisServer } from "../../src/adapters/redis/connect.ts";
import { createRedisScripts } from "../../src/adapters/redis/scripts.ts";
import { createUpstashScripts } from "../../src/adapters/upstash/scripts.ts";
import { systemClock } from "../../src/clock.ts";
import { silentLog } from "../../src/log.ts";
import { createManualClock } from "../manual-clock.ts";
import { createRecordingLog } from "../recording-log.ts";
import { testRateLimiter } from "./rate-limiter.suite.ts";
import { findRedis, type RedisProcess, startRedis } from "./start-redis.ts";
import { startUpstash, type UpstashDouble } from "./start-upstash.ts";

type Shared = ScriptRunner & { check(): Promise<void> };

const redisBin = findRedis();
const minute = { name: "minute", limit: 3, windowMs: 60_000 };
const hour = { name: "hour", limit: 5, windowMs: 3_600_000 };

/** The same numbers from 0 to 1 in every run. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

describe.skipIf(redisBin === undefined)("a limiter that processes share", () => {
  let server: RedisProcess;
  let redis: RedisServer;
  let client: ReturnType<RedisServer["connect"]>;
  let upstash: UpstashDouble;
  let prefixes = 0;
  const open = {
    Redis: (): Shared => createRedisScripts({ redis, name: "limits" }),
    Upstash: (): Shared => createUpstashScripts(upstash),
  };

  beforeAll(async () => {
    server = await startRedis(redisBin ?? "");
    redis = createRedis({ url: server.url, log: silentLog });
    client = redis.connect("test", "block");
    upstash = await startUpstash(server.url);
  }, 60_000);
  afterAll(async () => {
    await upstash.stop();
    await redis.close();
    await server.stop();
  });

  /** The store's clock cannot be set, so what it holds is made older. */
  async function age(prefix: string, ms: number): Promise<void> {
    for (const key of await client.keys(`${prefix}:*`)) {
      const times = await client.lrange(key, 0, -1);
      const older = times.map((time) => String(Number(time) - ms));
      await client
        .multi()
        .del(key)
        .rpush(key, ...older)
        .exec();
    }
  }

  function limit(scripts: Shared, prefix: string, time: "store" | "process", nowMs = Date.now) {
    return createScriptRateLimiter({ scripts, prefix, clock: { nowMs }, time });
  }

  async function create(scripts: Shared, time: "store" | "process") {
    const prefix = `test-${++prefixes}`;
    await scripts.check();
    let movedMs = 0;
    const nowMs = () => Date.now() + movedMs;
    const limiter = limit(scripts, prefix, time, nowMs);
    const advance = async (ms: number) => {
      movedMs += ms;
      if (time === "store") await age(prefix, ms);
    };
    return { scripts, limiter, prefix, nowMs, advance };
  }

  describe.each([
    ["Redis", "store"],
    ["Upstash", "store"],
    ["Upstash", "process"],
  ] as const)("on %s, by the clock of the %s", (name, time) => {
    testRateLimiter(async () => {
      return create(open[name](), time);
    });
  });

  describe.each(["Redis", "Upstash"] as const)("on %s", (name) => {
    const windows = [minute, hour];

    it("is exact over several processes at once, in all windows together", async () => {
      const [first, ...others] = await Promise.all(Array.from({ length: 3 }, () => create(open[name](), "store")));
      if (!first) throw new Error("Three limiters are needed.");
      const limiters = [first, ...others].map(({ scripts }) => limit(scripts, first.prefix, "store"));
      const wide = [
        { ...minute, limit: 10 },
        { ...hour, limit: 100 },
      ];
      const answers = await Promise.all(
        limiters.flatMap((limiter) => Array.from({ length: 50 }, () => limiter.spend("owner", wide))),
      );
      expect(answers.filter(({ isAllowed }) => isAllowed)).toHaveLength(10);
      expect((await first.limiter.spend("owner", wide)).windows.map(({ remaining }) => remaining)).toEqual([0, 90]);
    });

    it("goes on when the store has forgotten the script", async () => {
      const { limiter } = await create(open[name](), "store");
      await limiter.spend("owner", windows);
      await client.script("FLUSH");
      expect(await limiter.spend("owner", windows)).toMatchObject({ isAllowed: true, windows: [{ remaining: 1 }, {}] });
    });

    it("keeps the windows of a subject in one slot of a cluster, whatever a stranger chose as its name", async () => {
      const { limiter, prefix } = await create(open[name](), "store");
      await limiter.spend("}{\r\n% SET x", windows);
      const keys = await client.keys(`${prefix}:*`);
      expect(keys).toHaveLength(2);
      expect(new Set(keys.map((key) => /\{(.+?)\}/.exec(key)?.[1])).size).toBe(1);
    });

    it("forgets a subject soon after its longest window", async () => {
      const { limiter, prefix } = await create(open[name](), "store");
      await limiter.spend("owner", [minute]);
      const [key = ""] = await client.keys(`${prefix}:*`);
      expect(await client.pttl(key)).toBeLessThanOrEqual(61_000);
      expect(await client.pttl(key)).toBeGreaterThan(59_000);
    });

    it("blocks nobody when the clock of the store was set back by a day, and opens nothing for a second", async () => {
      const { limiter, prefix } = await create(open[name](), "store");
      for (let n = 0; n < 3; n++) await limiter.spend("owner", [minute]);
      await age(prefix, -1_000);
      expect(await limiter.spend("owner", [minute])).toMatchObject({ isAllowed: false });
      await age(prefix, -86_400_000);
      expect(await limiter.spend("owner", [minute])).toMatchObject({ isAllowed: true, windows: [{ remaining: 2 }] });
    });
  });

  it("decides on Redis as in memory, whatever comes in which order", async () => {
    const scripts = open.Redis();
    await scripts.check();
    const clock = createManualClock();
    const shared = limit(scripts, `test-${++prefixes}`, "process", clock.nowMs);
    const memory = createMemoryRateLimiter({ clock });
    const random = createRandom(20_251_125);
    const usual = [
      { ...minute, limit: 4 },
      { ...hour, limit: 20 },
    ];
    const lowered = usual.map((window) => ({ ...window, limit: window.limit / 2 }));
    const seen = new Set<string>();
    for (let step = 0; step < 1_500; step++) {
      // Whole seconds, so that requests often grow old to the millisecond.
      if (random() < 0.6) clock.advance(Math.floor(random() ** 6 * 900) * 1_000);
      const subject = `owner ${Math.floor(random() * 2)}`;
      const windows = random() < 0.05 ? lowered : usual;
      const spent = await memory.spend(subject, windows);
      expect(await shared.spend(subject, windows)).toEqual(spent);
      seen.add(spent.isAllowed ? "allowed" : `${spent.windows[0]?.name} full`);
    }
    expect([...seen].toSorted()).toEqual(["allowed", "hour full", "minute full"]);
  });

  it("on Redis asks once for a request", async () => {
    const { limiter } = await create(open.Redis(), "store");
    await limiter.spend("owner", [minute, hour]);
    await client.config("RESETSTAT");
    for (let n = 0; n < 5; n++) await limiter.spend("owner", [minute, hour]);
    const stats = await client.info("commandstats");
    expect(stats).toContain("cmdstat_evalsha:calls=5,");
    expect(stats).not.toContain("cmdstat_eval:");
  });

  it("on a Redis that hangs is not waited for longer than the deadline", async () => {
    const { scripts, limiter } = await create(open.Redis(), "store");
    const log = createRecordingLog();
    const watch = createStoreWatch({ store: "Redis", check: scripts.check, log, deadlineMs: 50, pauseMs: 50 });
    onTestFinished(() => watch.stop());
    const owners = withLocalGuard(limiter, createMemoryRateLimiter({ clock: systemClock }), watch);
    await owners.spend("owner", [minute]);
    await server.command("CLIENT", "PAUSE", "600", "ALL");
    const hangs = client.ping().then(() => "Redis");
    const answers = owners.spend("owner", [minute]).then(({ isAllowed }) => (isAllowed ? "here" : "refused"));
    expect(await Promise.race([hangs, answers])).toBe("here");
    await hangs;
    await expect.poll(() => log.lines.map(({ level }) => level)).toEqual(["warn", "info"]);
  });

  it("on Upstash makes one HTTP request of everything that is asked in one turn", async () => {
    const { limiter } = await create(open.Upstash(), "process");
    await limiter.spend("owner", [minute, hour]);
    upstash.requests.length = 0;
    await Promise.all(Array.from({ length: 20 }, (_, n) => limiter.spend(`owner ${n}`, [minute, hour])));
    expect(upstash.requests).toEqual(["/pipeline"]);
  });
});
