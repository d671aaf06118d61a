// What a check of the limits and of a signature costs, beside the bare thing underneath. A process of its own: `npm run bench -- limits`.
import { createHash, createHmac } from "node:crypto";
import { parseArgs } from "node:util";
import { signRequest } from "@comfy/signing";
import { createAuthenticate } from "../../src/access/authenticate.ts";
import { createEnvironmentKeyRing } from "../../src/access/environment-keys.ts";
import type { LimitWindow } from "../../src/access/rate-limiter.ts";
import { createMemoryRateLimiter } from "../../src/access/rate-limiter-memory.ts";
import { createScriptRateLimiter } from "../../src/access/rate-limiter-script.ts";
import { createRedis } from "../../src/adapters/redis/connect.ts";
import { createRedisScripts } from "../../src/adapters/redis/scripts.ts";
import { createUpstashScripts } from "../../src/adapters/upstash/scripts.ts";
import { systemClock as clock } from "../../src/clock.ts";
import { silentLog as log } from "../../src/log.ts";
import { startUpstash } from "../ports/start-upstash.ts";
import { compare, type Measured } from "./turns.ts";

/** As the guard asks for an enterprise owner; wide enough that nothing is refused. */
const windows: readonly LimitWindow[] = [
  { name: "minute", limit: 1_000_000, windowMs: 60_000 },
  { name: "hour", limit: 1_000_000, windowMs: 3_600_000 },
];
const OWNERS = 100;
const ownerOf = (index: number) => `requests:env:owner-${index % OWNERS}`;
const prefix = "measured";

async function measureMemory(scale: number): Promise<Measured> {
  const limiter = createMemoryRateLimiter({ clock });
  const map = new Map<string, number>();
  return compare({
    name: "embedded: both windows beside a Map update",
    bare: (index) => map.set(ownerOf(index), (map.get(ownerOf(index)) ?? 0) + 1),
    ours: (index) => limiter.spend(ownerOf(index), windows),
    count: 200_000 * scale,
    batch: 100,
  });
}

async function measureRedis(url: string, scale: number): Promise<Measured> {
  const redis = createRedis({ url, log });
  const scripts = createRedisScripts({ redis, name: "limits" });
  const client = redis.connect("bare", "ask");
  const limiter = createScriptRateLimiter({ scripts, prefix, clock, time: "store" });
  try {
    await scripts.check();
    return await compare({
      name: "Redis: both windows beside PING",
      bare: () => client.ping(),
      ours: (index) => limiter.spend(ownerOf(index), windows),
      count: 10_000 * scale,
      batch: 1,
    });
  } finally {
    await redis.close();
  }
}

async function measureUpstash(url: string, scale: number): Promise<Measured> {
  const double = await startUpstash(url);
  const limiter = createScriptRateLimiter({ scripts: createUpstashScripts(double), prefix, clock, time: "process" });
  const headers = { authorization: `Bearer ${double.token}`, "content-type": "application/json" };
  const init = { method: "POST", headers, body: '[["ping"]]' };
  try {
    return await compare({
      name: "Upstash over a local double: both windows beside a request",
      bare: async () => (await fetch(`${double.url}/pipeline`, init)).json(),
      ours: (index) => limiter.spend(ownerOf(index), windows),
      count: 2_000 * scale,
      batch: 1,
    });
  } finally {
    await double.stop();
  }
}

async function measureSignature(version: 1 | 2, scale: number): Promise<Measured> {
  const secret = "the secret of the measurements";
  const keyId = "enterprise_measured";
  const body = Buffer.alloc(1_000, "x");
  const target = "/portrait";
  const signed = await signRequest({ version, keyId, secret, method: "POST", target, body });
  const headers = Object.fromEntries(Object.entries(signed).map(([name, value]) => [name.toLowerCase(), value]));
  const authenticate = createAuthenticate({ keys: createEnvironmentKeyRing({ keys: [keyId], secret }), clock });
  const hmac = () => createHmac("sha256", secret).update(body).digest("hex");
  const digest = () => createHash("sha256").update(body).digest("hex");
  return compare({
    name: `signature v${version} of 1 kB beside ${version === 1 ? "its HMAC" : "its SHA-256 and an HMAC of that"}`,
    bare: version === 1 ? hmac : () => createHmac("sha256", secret).update(digest()).digest("hex"),
    ours: () => authenticate.byProof({ method: "POST", target, headers, body }),
    count: 40_000 * scale,
    batch: 20,
  });
}

const { values } = parseArgs({ options: { redis: { type: "string" }, scale: { type: "string", default: "1" } } });
const scale = Number(values.scale);
const measured = [
  await measureMemory(scale),
  ...(values.redis === undefined
    ? []
    : [await measureRedis(values.redis, scale), await measureUpstash(values.redis, scale)]),
  await measureSignature(1, scale),
  await measureSignature(2, scale),
];
process.stdout.write(`${JSON.stringify(measured)}\n`);
