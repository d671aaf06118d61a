import { inspect } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createLibraryLimiter } from "../../src/adapters/upstash/library-limiter.ts";
import { createUpstashScripts } from "../../src/adapters/upstash/scripts.ts";
import { findRedis, type RedisProcess, startRedis } from "./start-redis.ts";
import { startUpstash, type UpstashDouble } from "./start-upstash.ts";

const redisBin = findRedis();
const SECRET = "requests:env:owner-that-no-log-may-name";

describe.skipIf(redisBin === undefined)("an error of Upstash", () => {
  let server: RedisProcess;
  let upstash: UpstashDouble;

  beforeAll(async () => {
    server = await startRedis(redisBin ?? "");
    upstash = await startUpstash(server.url);
  }, 60_000);
  afterAll(async () => {
    await upstash.stop();
    await server.stop();
  });

  /** Everything that a log could print of an error, its causes included. */
  async function failure(options: { token?: string } = {}): Promise<string> {
    const scripts = createUpstashScripts({ url: upstash.url, token: upstash.token, ...options });
    const error = await scripts
      .eval("return redis.call('GET', KEYS[1]) + 1", [SECRET], [SECRET])
      .catch((thrown) => thrown);
    expect(error).toBeInstanceOf(Error);
    const library = createLibraryLimiter({ scripts, prefix: "p" });
    const refused = await library
      .spend(SECRET, [{ name: "minute", limit: 1, windowMs: 60_000 }])
      .catch((thrown) => thrown);
    const printed = inspect([error, refused], { depth: 10, showHidden: true });
    expect(printed).not.toContain(SECRET);
    expect(printed).not.toContain(upstash.token);
    return (error as Error).message;
  }

  it("says what to do and never what was sent, whatever is wrong", async () => {
    expect(await failure()).toBe("Upstash refused a command.");
    expect(await failure({ token: "wrong" })).toBe("Upstash refused the token in UPSTASH_REDIS_REST_TOKEN.");
    await upstash.close();
    expect(await failure()).toMatch(/^Upstash cannot be reached \([A-Z_]+\)\.$/);
    await upstash.reopen();
    upstash.setFault("ERR max daily request limit exceeded. Limit: 10000, Usage: 10001.");
    expect(await failure()).toBe("The request limit of this Upstash database is used up.");
    upstash.setFault("ERR something new");
    expect(await failure()).toBe("Upstash refused a command.");
    upstash.setFault("hang");
    expect(await failure()).toBe("Upstash did not answer in time.");
    upstash.setFault(undefined);
  }, 20_000);

  it("is not tried again behind our back: what was lost on its way back may have been counted", async () => {
    upstash.requests.length = 0;
    upstash.setFault("hang");
    await createUpstashScripts(upstash)
      .eval("return 1", [], [])
      .catch(() => undefined);
    upstash.setFault(undefined);
    expect(upstash.requests).toHaveLength(1);
  });
});
