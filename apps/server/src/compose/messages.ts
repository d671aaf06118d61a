import { createBullKnocks } from "../adapters/bullmq/create-knocks.ts";
import { createPostgresDriver } from "../adapters/bullmq/postgres-driver.ts";
import type { QueueDriver } from "../adapters/bullmq/queue-driver.ts";
import { createRedisDriver } from "../adapters/bullmq/redis-driver.ts";
import { createNotifyEventBus } from "../adapters/database/event-bus-notify.ts";
import { openServerQueuePool, type QueuePool } from "../adapters/database/queue-pool.ts";
import { createRedis, type RedisServer } from "../adapters/redis/connect.ts";
import { createRedisEventBus } from "../adapters/redis/event-bus.ts";
import type { EventBus } from "../jobs/event-bus.ts";
import { createMemoryEventBus } from "../jobs/event-bus-memory.ts";
import { type Knocks, silentKnocks } from "../jobs/knocks.ts";
import { createMemoryKnocks } from "../jobs/knocks-memory.ts";
import type { Ground } from "./ground.ts";
import type { Records } from "./storage.ts";

/** What processes tell each other: what happens to jobs, and that there is work. All of it may be lost. */
export async function composeMessages(ground: Ground, stored: Records) {
  const deploymentId = await stored.settings.readDeploymentId();
  const openRedis = createRedisOpener(ground);
  return {
    deploymentId,
    openRedis,
    events: composeEvents(ground, deploymentId, openRedis),
    knocks: composeKnocks(ground, stored, deploymentId, openRedis),
  };
}

export type Messages = Awaited<ReturnType<typeof composeMessages>>;

type OpenRedis = (url: string) => RedisServer;

/** One server is spoken to as one, whatever for. */
function createRedisOpener({ log, lifecycle }: Ground): OpenRedis {
  const servers = new Map<string, RedisServer>();
  return (url) => {
    const known = servers.get(url);
    if (known) return known;
    const redis = createRedis({ url, log });
    lifecycle.add({ name: "redis", stop: redis.close });
    servers.set(url, redis);
    return redis;
  };
}

function composeEvents({ config, log, lifecycle }: Ground, deploymentId: string, openRedis: OpenRedis): EventBus {
  const { redisUrl, databaseUrl } = config;
  if (redisUrl !== undefined) return createRedisEventBus({ redis: openRedis(redisUrl), deploymentId });
  if (databaseUrl === undefined) return createMemoryEventBus();
  const events = createNotifyEventBus({ url: databaseUrl, log });
  lifecycle.add({ name: "events", stop: events.close });
  return events;
}

function composeKnocks(ground: Ground, stored: Records, deploymentId: string, openRedis: OpenRedis): Knocks {
  const { config, log, lifecycle } = ground;
  if (ground.knocks !== undefined) return ground.knocks;
  if (config.queue.type === "off") return silentKnocks;
  const driver = composeQueueDriver(ground, stored, openRedis);
  const isKnown = async (jobId: string) => (await stored.jobs.find(jobId)) !== undefined;
  const knocks = driver ? createBullKnocks({ driver, deploymentId, isKnown, log }) : createMemoryKnocks({ log });
  lifecycle.add({ name: "knocks", stop: knocks.close });
  return knocks;
}

/** Undefined where nobody else is to be knocked for. */
function composeQueueDriver(
  { config, log, lifecycle }: Ground,
  { database }: Records,
  openRedis: OpenRedis,
): QueueDriver | undefined {
  const withPool = (pool: QueuePool): QueueDriver => {
    lifecycle.add({ name: "queue", stop: () => pool.end() });
    return createPostgresDriver({ pool });
  };
  const { queue } = config;
  switch (queue.type) {
    case "redis":
      return createRedisDriver(openRedis(queue.url));
    case "postgres":
      return withPool(openServerQueuePool({ url: queue.url, log }));
    case "database":
      return withPool(database.openQueuePool());
    default:
      return undefined;
  }
}
