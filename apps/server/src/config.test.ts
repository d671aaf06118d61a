import { expect, test } from "vitest";
import { ConfigError, parseConfig } from "./config.ts";

const enough = {
  COMFYUI_URL: "http://gpu-a:8188/, http://gpu-b:8188",
  COMFYUI_API_KEYS: "pro_one,free_two",
  COMFYUI_API_SECRET: "a-secret-of-20-chars",
};

test("the names that deployments already set are enough to start", () => {
  const config = parseConfig(enough);
  expect(config.backends).toEqual([
    { url: "http://gpu-a:8188", headers: {}, slots: 1 },
    { url: "http://gpu-b:8188", headers: {}, slots: 1 },
  ]);
  expect(config.apiKeys).toEqual(["pro_one", "free_two"]);
  expect(config).toMatchObject({ isAsyncEnabled: true, arePrivateUrlsAllowed: false, syncDeadlineMs: 285_000 });
});

test("without a backend the service refuses to start and says what to set", () => {
  expect(() => parseConfig({ ...enough, COMFYUI_URL: "" })).toThrow(/COMFYUI_URL: is missing/);
});

test("a list that holds nothing is as good as none", () => {
  expect(() => parseConfig({ ...enough, COMFYUI_URL: " , " })).toThrow(/COMFYUI_URL: is missing/);
  expect(() => parseConfig({ ...enough, COMFYUI_API_KEYS: "," })).toThrow(/COMFYUI_API_KEYS: is missing/);
});

test.each(["SYNC_DEADLINE_SECONDS", "JOB_DEADLINE_SECONDS", "DRAIN_SECONDS"])(
  "a %s that no timer can wait for is refused",
  (name) => {
    expect(() => parseConfig({ ...enough, [name]: "2592000" })).toThrow(`${name}: must be at most 2147483`);
  },
);

test("every fault is named at once", () => {
  const fault = catchError(() => parseConfig({ PORT: "http", COMFYUI_URL: "gpu-a" }));
  expect(fault).toBeInstanceOf(ConfigError);
  expect(String(fault)).toMatch(/PORT/);
  expect(String(fault)).toMatch(/COMFYUI_URL: expected http/);
  expect(String(fault)).toMatch(/COMFYUI_API_SECRET: is missing/);
});

test("a link shorter than an hour is refused", () => {
  expect(() => parseConfig({ ...enough, LINK_TTL_SECONDS: "60" })).toThrow(/LINK_TTL_SECONDS/);
});

function catchError(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}

test("a variable that deployments set for something this version does not do is named, not ignored in silence", () => {
  expect(parseConfig({ ...enough, TAILSCALE_AUTHKEY: "tskey-x", REDIS_URL: "" }).unusedVariables).toEqual([
    "TAILSCALE_AUTHKEY",
  ]);
});

test("limits differ from those of a tier where LIMITS says so, for a tier or for one named key", () => {
  const LIMITS = JSON.stringify({
    tiers: { enterprise: { concurrentJobs: 20 } },
    keys: { landline: { requestsPerMinute: 300, generationsPerDay: null } },
  });
  const config = parseConfig({ ...enough, LIMITS });
  expect(config.tierLimits.enterprise).toMatchObject({ concurrentJobs: 20, requestsPerMinute: 1_000 });
  expect(config.tierLimits.free.requestsPerMinute).toBe(10);
  expect(config.keyLimits).toEqual({ landline: { requestsPerMinute: 300, generationsPerDay: null } });
});

test.each([
  "[]",
  "{",
  '{"tiers":{"gold":{}}}',
  '{"tiers":{"pro":{"requestsPerMinute":0}}}',
  '{"keys":{"a":{"perMinute":1}}}',
])("LIMITS=%s is refused", (LIMITS) => {
  expect(() => parseConfig({ ...enough, LIMITS })).toThrow(/LIMITS/);
});

const database = { DATABASE_URL: "postgres://db/comfy" };

test("one process does everything unless ROLE says otherwise", () => {
  expect(parseConfig(enough)).toMatchObject({ role: "all", leaseMs: 15_000, failoverMs: 120_000 });
  expect(parseConfig({ ...enough, ...database, ROLE: "worker" }).role).toBe("worker");
});

test.each(["http", "worker"])("the role %s alone is refused without a database that processes can share", (ROLE) => {
  expect(() => parseConfig({ ...enough, ROLE })).toThrow(`ROLE: ${ROLE} needs DATABASE_URL`);
});

test.each(["redis://queue:6379", "postgres://db/queue"])(
  "the queue %s is refused without DATABASE_URL",
  (QUEUE_URL) => {
    expect(() => parseConfig({ ...enough, QUEUE_URL })).toThrow("QUEUE_URL: a queue on a server needs DATABASE_URL");
  },
);

test.each([
  [{}, { type: "memory" }],
  [{ REDIS_URL: "redis://r" }, { type: "memory" }],
  [database, { type: "database" }],
  [
    { ...database, REDIS_URL: "redis://r" },
    { type: "redis", url: "redis://r" },
  ],
  [{ ...database, REDIS_URL: "redis://r", QUEUE_URL: "off" }, { type: "off" }],
  [
    { ...database, QUEUE_URL: "postgresql://q/x" },
    { type: "postgres", url: "postgresql://q/x" },
  ],
])("with %o the knocks go through %o", (given, queue) => {
  expect(parseConfig({ ...enough, ...given }).queue).toEqual(queue);
});

const upstash = { UPSTASH_REDIS_REST_URL: "https://calm-bird.upstash.io", UPSTASH_REDIS_REST_TOKEN: "AXtoken" };

test.each([
  [{}, { type: "memory" }],
  [database, { type: "memory" }],
  [{ REDIS_URL: "redis://r" }, { type: "redis", url: "redis://r" }],
  [upstash, { type: "upstash", url: "https://calm-bird.upstash.io", token: "AXtoken" }],
  [
    { ...upstash, REDIS_URL: "redis://r" },
    { type: "upstash", url: "https://calm-bird.upstash.io", token: "AXtoken" },
  ],
])("with %o requests are counted in %o", (given, limitStore) => {
  expect(parseConfig({ ...enough, ...given })).toMatchObject({ limitStore, unusedVariables: [] });
});

test.each(["UPSTASH_REDIS_REST_URL", "UPSTASH_REDIS_REST_TOKEN"] as const)(
  "%s alone is refused: half a store would be none, in silence",
  (missing) => {
    const { [missing]: _, ...half } = upstash;
    expect(() => parseConfig({ ...enough, ...half })).toThrow(`${missing}: is missing`);
  },
);
