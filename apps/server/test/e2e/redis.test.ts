import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { signNow } from "../http/sign-now.ts";
import { findPostgres, type PostgresServer, startPostgres } from "../ports/start-postgres.ts";
import { findRedis, type RedisProcess, startRedis } from "../ports/start-redis.ts";
import { type Cluster, startCluster } from "./cluster.ts";
import { apiKey, apiSecret, type SpawnedService } from "./spawn-service.ts";

const bins = { postgres: findPostgres(), redis: findRedis() };
const TIMEOUT_MS = 120_000;
const AWAY = "Redis cannot be reached; the service goes on without it.";
const BACK = "Redis is back.";

describe.skipIf(!bins.postgres || !bins.redis)("a door and a worker that share a Redis", () => {
  let postgres: PostgresServer;
  let redis: RedisProcess;
  let cluster: Cluster;

  beforeAll(async () => {
    [postgres, redis] = await Promise.all([startPostgres(bins.postgres ?? ""), startRedis(bins.redis ?? "")]);
    cluster = await startCluster(postgres, { labels: ["a"], workers: 1, environment: { REDIS_URL: redis.url } });
  }, TIMEOUT_MS);
  afterAll(async () => {
    await cluster?.[Symbol.asyncDispose]();
    await Promise.all([postgres?.stop(), redis?.stop()]);
  });

  const everybody = (): SpawnedService[] => [...cluster.doors, ...cluster.workers];
  const countLines = (words: string) => everybody().map(({ lines }) => lines.filter(({ msg }) => msg === words).length);

  /** The types of all events of a job, read to the end. */
  async function follow(door: SpawnedService | undefined, pollUrl: string): Promise<string[]> {
    const response = await fetch(`${door?.url}${pollUrl}/events`, {
      headers: signNow(`${pollUrl}/events`, { key: apiKey, secret: apiSecret }),
    });
    return [...(await response.text()).matchAll(/"type":"(\w+)"/g)].map(([, type = ""]) => type);
  }

  test(
    "progress of a job reaches those who follow it at either door, and so does its end",
    async () => {
      const [backend] = Object.values(cluster.backends);
      backend?.setFaults({ slowNode: { classType: "KSampler", delayMs: 2_000, times: 1 } });
      const pollUrl = await cluster.queueImage("followed");
      const told = await Promise.all(cluster.doors.map((door) => follow(door, pollUrl)));
      for (const types of told) {
        expect(types).toContain("progress");
        expect(types.at(-1)).toBe("completed");
      }
    },
    TIMEOUT_MS,
  );

  test(
    "jobs go on over a Redis that is killed under them and comes back empty; each process says so once",
    async () => {
      const first = await Promise.all(Array.from({ length: 4 }, (_, n) => cluster.queueImage(`before ${n}`)));
      await redis.kill();
      await expect.poll(() => countLines(AWAY), { timeout: 20_000 }).toEqual(everybody().map(() => 1));
      const second = await Promise.all(Array.from({ length: 4 }, (_, n) => cluster.queueImage(`without ${n}`)));
      const followed = follow(cluster.doors[0], second[0] ?? "");
      const ended = await Promise.all([...first, ...second].map((pollUrl) => cluster.settle(pollUrl)));
      expect(ended.map(({ status }) => status)).toEqual(ended.map(() => "complete"));
      expect((await followed).at(-1)).toBe("completed");
      await redis.revive();
      await expect.poll(() => countLines(BACK), { timeout: 20_000 }).toEqual(everybody().map(() => 1));
      expect(countLines(AWAY)).toEqual(everybody().map(() => 1));
      expect((await cluster.settle(await cluster.queueImage("after"))).status).toBe("complete");
      const prompts = await cluster.readAllPrompts();
      expect(prompts).toHaveLength(new Set(prompts).size);
    },
    TIMEOUT_MS,
  );
});
