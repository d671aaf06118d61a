import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createBullKnocks } from "../../src/adapters/bullmq/create-knocks.ts";
import { createPostgresDriver } from "../../src/adapters/bullmq/postgres-driver.ts";
import { createRedisDriver } from "../../src/adapters/bullmq/redis-driver.ts";
import { createDatabase, type Database } from "../../src/adapters/database/create-database.ts";
import { createRedis } from "../../src/adapters/redis/connect.ts";
import { createId } from "../../src/ids.ts";
import type { Knocks } from "../../src/jobs/knocks.ts";
import { createMemoryKnocks } from "../../src/jobs/knocks-memory.ts";
import { silentLog } from "../../src/log.ts";
import { createRecordingLog } from "../recording-log.ts";
import { prepareEmbedded } from "./embedded-template.ts";
import { jobWork, type KnocksPair, knocksSuite, listen, untilKnocked } from "./knocks.suite.ts";
import { findPostgres, type PostgresServer, startPostgres } from "./start-postgres.ts";
import { findRedis, type RedisProcess, startRedis } from "./start-redis.ts";

const deploymentId = "d1";
/** The one job that the database does not have. */
const unknownId = createId();
const isKnown = async (jobId: string) => jobId !== unknownId;
const TIMEOUT = { timeout: 20_000 };

describe("knocks in memory", () => {
  const knocks = createMemoryKnocks({ log: silentLog });
  knocksSuite(() => ({ here: knocks, there: knocks }));
});

/** What every driver of BullMQ does beyond the port. */
function queueSuite(
  getPair: () => KnocksPair & { log: ReturnType<typeof createRecordingLog> },
  countLeft: () => Promise<number>,
) {
  it("lets one of several processes hear each knock", async () => {
    const { here, there } = getPair();
    await untilKnocked({ here, there });
    const heard = [listen(here), listen(there)];
    const ids = Array.from({ length: 40 }, () => createId());
    for (const id of ids) here.knock(jobWork(id));
    const ours = () =>
      heard.flat().flatMap((work) => (work.type === "job" && ids.includes(work.jobId) ? work.jobId : []));
    await expect.poll(() => new Set(ours()).size, TIMEOUT).toBe(ids.length);
    // Whatever were heard twice would be in the queue before this.
    await untilKnocked({ here, there });
    expect(ours()).toHaveLength(ids.length);
  });

  it("keeps what was knocked while nobody listened", async () => {
    const { here, there } = getPair();
    await untilKnocked({ here, there });
    const work = jobWork();
    here.knock(work);
    const heard = listen(there);
    await expect.poll(() => heard, TIMEOUT).toContainEqual(work);
  });

  it("leaves work for a job that the database does not have where it is, and raises an alarm", async () => {
    const { here, there, log } = getPair();
    await untilKnocked({ here, there });
    const heard = listen(there);
    here.knock(jobWork(unknownId));
    await expect.poll(() => log.lines.filter(({ level }) => level === "error"), TIMEOUT).toHaveLength(1);
    await untilKnocked({ here, there });
    expect(heard).not.toContainEqual(jobWork(unknownId));
    expect(await countLeft()).toBe(1);
  });
}

const redisBin = findRedis();
describe.skipIf(redisBin === undefined)("knocks over Redis", () => {
  let server: RedisProcess;
  let close: () => Promise<void>;
  let pair: KnocksPair;
  const log = createRecordingLog();
  const redisLog = createRecordingLog();

  beforeAll(async () => {
    server = await startRedis(redisBin ?? "");
    const open = (redis = createRedis({ url: server.url, log: silentLog })) => ({
      redis,
      knocks: createBullKnocks({ driver: createRedisDriver(redis), deploymentId, isKnown, log }),
    });
    const ends = [open(createRedis({ url: server.url, log: redisLog })), open()] as const;
    pair = { here: ends[0].knocks, there: ends[1].knocks };
    close = async () => {
      await Promise.all(ends.map(({ knocks }) => knocks.close()));
      await Promise.all(ends.map(({ redis }) => redis.close()));
    };
  }, 60_000);
  afterAll(async () => {
    await close();
    await server.stop();
  });

  knocksSuite(() => pair);
  queueSuite(
    () => ({ ...pair, log }),
    async () => Number((await server.command("ZCARD", `${deploymentId}:knocks:delayed`)).slice(1)),
  );

  it("works on over a Redis that was wiped", async () => {
    await untilKnocked(pair);
    listen(pair.there);
    await server.command("FLUSHALL");
    await untilKnocked(pair);
  }, 60_000);

  it("costs nobody anything while Redis is away, and knocks again when it is back", async () => {
    await untilKnocked(pair);
    listen(pair.there);
    redisLog.lines.length = 0;
    log.lines.length = 0;
    await server.kill();
    await expect.poll(() => redisLog.lines.length, TIMEOUT).toBe(1);
    for (let n = 0; n < 2_000; n++) pair.here.knock(jobWork());
    await server.revive();
    await untilKnocked(pair);
    await expect.poll(() => redisLog.lines.map(({ level }) => level), TIMEOUT).toEqual(["warn", "info"]);
    // A knock in the very moment of the death may fail over a connection that still looks ready: one line and its end, not one for each.
    expect(log.lines.length).toBeLessThanOrEqual(2);
  }, 60_000);

  it("opens, knocks and closes without a Redis", async () => {
    const redis = createRedis({ url: "redis://127.0.0.1:1", log: silentLog });
    const knocks = createBullKnocks({ driver: createRedisDriver(redis), deploymentId, isKnown, log: silentLog });
    listen(knocks);
    knocks.knock(jobWork());
    await knocks.close();
    await redis.close();
  });
});

/** Two processes on one database; the embedded one has a single process, and both sides share it. */
async function openOnDatabase(databases: readonly Database[], log: ReturnType<typeof createRecordingLog>) {
  const ends = databases.map((database) => {
    const pool = database.openQueuePool();
    const driver = createPostgresDriver({ pool });
    return { pool, knocks: createBullKnocks({ driver, deploymentId, isKnown, log }) };
  });
  const [here, there] = ends.map(({ knocks }): Knocks => knocks);
  if (!here || !there) throw new Error("Two sides are needed.");
  return {
    pair: { here, there },
    async close() {
      await Promise.all(ends.map(({ knocks }) => knocks.close()));
      await Promise.all(ends.map(({ pool }) => pool.end()));
    },
  };
}

async function countDelayed({ db }: Database): Promise<number> {
  const { rows } = await sql<{ n: number }>`select count(*)::int as n from bullmq.job where state = 'delayed'`.execute(
    db,
  );
  return rows[0]?.n ?? 0;
}

const postgresBin = findPostgres();
describe.skipIf(postgresBin === undefined)("knocks over PostgreSQL", () => {
  let server: PostgresServer;
  let url: string;
  let database: Database;
  let opened: Awaited<ReturnType<typeof openOnDatabase>>;
  const log = createRecordingLog();

  beforeAll(async () => {
    server = await startPostgres(postgresBin ?? "");
    url = await server.createDatabase();
    database = await createDatabase({ url, log: silentLog });
    opened = await openOnDatabase([database, database], log);
  }, 120_000);
  afterAll(async () => {
    await opened?.close();
    await database?.close();
    await server?.stop();
  });

  knocksSuite(() => opened.pair);
  queueSuite(
    () => ({ ...opened.pair, log }),
    () => countDelayed(database),
  );

  it("knocks again after a failover", async () => {
    await untilKnocked(opened.pair);
    listen(opened.pair.there);
    await server.dropConnections(url);
    await untilKnocked(opened.pair);
  }, 60_000);
});

describe("knocks over the embedded database", () => {
  let directory: string;
  let database: Database;
  let opened: Awaited<ReturnType<typeof openOnDatabase>>;
  const log = createRecordingLog();

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "comfy-knocks-"));
    await prepareEmbedded(directory);
    database = await createDatabase({ directory, log: silentLog });
    opened = await openOnDatabase([database, database], log);
  }, 120_000);
  afterAll(async () => {
    await opened?.close();
    await database?.close();
    await rm(directory, { recursive: true });
  });

  knocksSuite(() => opened.pair);
  queueSuite(
    () => ({ ...opened.pair, log }),
    () => countDelayed(database),
  );

  it("keeps out of the way of our own tables", async () => {
    const tables = await sql<{ schema: string; n: number }>`
      select schemaname as schema, count(*)::int as n from pg_tables
      where tablename in ('job', 'jobs') group by schemaname order by schemaname`.execute(database.db);
    expect(tables.rows).toEqual([
      { schema: "bullmq", n: 1 },
      { schema: "comfy", n: 1 },
    ]);
  });
});
