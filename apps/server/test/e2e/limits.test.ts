import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createEmulator, type Emulator } from "@comfy/comfyui-emulator";
import { signRequest } from "@comfy/signing";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findPostgres, type PostgresServer, startPostgres } from "../ports/start-postgres.ts";
import { findRedis, type RedisProcess, startRedis } from "../ports/start-redis.ts";
import { apiSecret, type SpawnedService, spawnService } from "./spawn-service.ts";

const bins = { postgres: findPostgres(), redis: findRedis() };
const TIMEOUT_MS = 240_000;
const PROCESSES = 3;
const AWAY = /^The store of the rate limits does not answer/;
const BACK = /^The store of the rate limits is back/;

const keys = { minute: "free_minute", day: "free_day", slots: "basic_slots", alone: "free_alone", again: "free_again" };
const unlimited = { requestsPerMinute: 10_000, requestsPerHour: 10_000, jobReadsPerMinute: 10_000 };

describe.skipIf(!bins.postgres || !bins.redis)("three processes on one PostgreSQL and one Redis", () => {
  let postgres: PostgresServer;
  let redis: RedisProcess;
  let directory: string;
  let databaseUrl: string;
  let backends: Emulator[];
  let processes: SpawnedService[];

  beforeAll(async () => {
    [postgres, redis] = await Promise.all([startPostgres(bins.postgres ?? ""), startRedis(bins.redis ?? "")]);
    databaseUrl = await postgres.createDatabase();
    directory = await mkdtemp(join(tmpdir(), "comfy-limits-"));
    backends = await Promise.all(Array.from({ length: PROCESSES }, () => createEmulator({ speed: 20 })));
    const file = join(directory, "backends.json");
    await writeFile(file, JSON.stringify({ backends: backends.map(({ url }) => ({ url })) }));
    const environment = {
      DATABASE_URL: databaseUrl,
      REDIS_URL: redis.url,
      BACKENDS_FILE: file,
      COMFYUI_API_KEYS: Object.entries(keys)
        .map((entry) => entry.join(":"))
        .join(","),
      LIMITS: JSON.stringify({ keys: { day: unlimited, slots: unlimited } }),
    };
    const spawn = () => spawnService({ directory, backends: [], environment });
    // The first one makes the tables.
    processes = [await spawn()];
    processes.push(...(await Promise.all(Array.from({ length: PROCESSES - 1 }, spawn))));
  }, TIMEOUT_MS);
  afterAll(async () => {
    await Promise.all((processes ?? []).map((service) => service.end("SIGKILL")));
    await Promise.all((backends ?? []).map((backend) => backend.close()));
    await Promise.all([postgres?.stop(), redis?.stop()]);
    await rm(directory, { recursive: true, force: true });
  });

  /** Queues a small picture at one of the processes. */
  async function post(key: string, at: number, secret = apiSecret): Promise<Response> {
    const target = "/image/async";
    const body = JSON.stringify({ prompt: `picture ${at}`, width: 64, height: 64 });
    const headers = await signRequest({ version: 2, keyId: key, secret, method: "POST", target, body });
    const url = `${processes[at % PROCESSES]?.url}${target}`;
    return fetch(url, { method: "POST", body, headers: { "content-type": "application/json", ...headers } });
  }
  const logIn = (at: number) =>
    fetch(`${processes[at]?.url}/api/v1/auth/login`, {
      method: "POST",
      body: JSON.stringify({ email: "nobody@example.com", password: "the password of nobody" }),
      headers: { "content-type": "application/json" },
    });
  const postAll = (key: string, count: number) => Promise.all(Array.from({ length: count }, (_, n) => post(key, n)));
  const countStatuses = (responses: readonly Response[]) =>
    Object.fromEntries([202, 429].map((code) => [code, responses.filter(({ status }) => status === code).length]));
  const codesOf = async (responses: readonly Response[]) => {
    const bodies = (await Promise.all(responses.map((response) => response.json()))) as { code?: string }[];
    return new Set(bodies.flatMap(({ code }) => code ?? []));
  };
  const countLines = (words: RegExp) =>
    processes.map(({ lines }) => lines.filter(({ msg }) => words.test(String(msg))).length);

  async function query<Row>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    const client = new Client({ connectionString: databaseUrl });
    await client.connect();
    try {
      return (await client.query(text, [...values])).rows as Row[];
    } finally {
      await client.end();
    }
  }

  test(
    "let exactly ten of fifty requests of a free key through that come at once",
    async () => {
      const responses = await postAll(keys.minute, 50);
      expect(countStatuses(responses)).toEqual({ 202: 10, 429: 40 });
      const refused = responses.filter(({ status }) => status === 429);
      expect(await codesOf(refused)).toEqual(new Set(["rate_limited"]));
      for (const { headers } of refused) {
        expect(headers.get("x-ratelimit-remaining")).toBe("0");
        expect(Number(headers.get("retry-after"))).toBeGreaterThan(0);
      }
      // The hour was charged for those alone that got through.
      const hour = (await post(keys.minute, 0)).headers.get("ratelimit");
      expect(hour).toContain('"hour";r=90');
      expect(countLines(AWAY)).toEqual([0, 0, 0]);
    },
    TIMEOUT_MS,
  );

  test(
    "accept exactly ten generations a day of a free key",
    async () => {
      const responses = await postAll(keys.day, 50);
      expect(countStatuses(responses)).toEqual({ 202: 10, 429: 40 });
      expect(await codesOf(responses)).toEqual(new Set(["generations_exhausted"]));
    },
    TIMEOUT_MS,
  );

  test(
    "never run more than two jobs of a basic key at once",
    async () => {
      const responses = await postAll(keys.slots, 9);
      expect(countStatuses(responses)).toEqual({ 202: 9, 429: 0 });
      const [first] = (await Promise.all(responses.map((response) => response.json()))) as { jobId: string }[];
      const jobId = first?.jobId;
      const owner = "(select owner_id from comfy.jobs where id = $1)";
      const open = `select id from comfy.jobs where owner_id = ${owner} and completed_at is null`;
      await expect.poll(() => query(open, [jobId]), { timeout: 200_000 }).toEqual([]);
      const attempts = `select a.created_at as begun, a.ended_at as ended
        from comfy.attempts a join comfy.jobs j on j.id = a.job_id where j.owner_id = ${owner}`;
      const overlaps = `with t as (${attempts})
        select max((select count(*) from t other where other.begun <= t.begun and other.ended > t.begun))::integer as most
        from t`;
      expect(await query(overlaps, [jobId])).toEqual([{ most: 2 }]);
    },
    TIMEOUT_MS,
  );

  test(
    "let an address try 120 times a minute where nobody has to say who they are, before anything is read or hashed",
    async () => {
      // No password and no e-mail: it is refused before that is seen.
      const tryOnce = async (n: number) =>
        (await fetch(`${processes[n % PROCESSES]?.url}/api/v1/auth/login`, { method: "POST" })).status;
      const statuses = await Promise.all(Array.from({ length: 200 }, (_, n) => tryOnce(n)));
      const tried = statuses.filter((status) => status !== 429).length;
      expect(tried).toBeGreaterThanOrEqual(120);
      // Where a minute begins in between, the weighted window rounds in favour of the address.
      expect(tried).toBeLessThanOrEqual(122);
    },
    TIMEOUT_MS,
  );

  test(
    "go on while Redis is dead, each within the same limits, refuse strangers, say so once, and count together when it is back",
    async () => {
      await redis.kill();
      const strangers = await Promise.all(Array.from({ length: 6 }, (_, n) => post("free_unknown", n)));
      for (const response of strangers) {
        expect(response.status).toBe(503);
        expect(response.headers.get("retry-after")).toBe("5");
        expect(await response.json()).toMatchObject({
          code: "unavailable",
          error: "Who is calling cannot be checked right now. Try again in 5 s.",
        });
      }
      expect((await post(keys.alone, 0, "not-the-secret-of-this-key")).status).toBe(503);
      const login = await logIn(0);
      expect([login.status, login.headers.get("retry-after")]).toEqual([503, "5"]);
      const alone = await Promise.all(Array.from({ length: 12 }, () => post(keys.alone, 0)));
      // What the day allows is the database's to say.
      expect(countStatuses(alone)).toEqual({ 202: 10, 429: 2 });
      expect(countLines(AWAY)).toEqual([1, 1, 1]);

      await redis.revive();
      await expect.poll(() => countLines(BACK), { timeout: 20_000 }).toEqual([1, 1, 1]);
      expect(countStatuses(await postAll(keys.again, 50))).toEqual({ 202: 10, 429: 40 });
      expect((await post("free_unknown", 0)).status).toBe(401);
      expect((await logIn(0)).status).toBe(401);
      expect(countLines(AWAY)).toEqual([1, 1, 1]);
    },
    TIMEOUT_MS,
  );
});
