import { createNotifyEventBus } from "../adapters/database/event-bus-notify.ts";
import { createRedis } from "../adapters/redis/connect.ts";
import { createRedisEventBus } from "../adapters/redis/event-bus.ts";
import type { EventBus } from "../jobs/event-bus.ts";
import { createMemoryEventBus } from "../jobs/event-bus-memory.ts";
import { type Knocks, silentKnocks } from "../jobs/knocks.ts";
import { createMemoryKnocks } from "../jobs/knocks-memory.ts";
import type { Ground } from "./ground.ts";
import type { Records } from "./storage.ts";

/** What processes tell each other: what happens to jobs, and that there is work. All of it may be lost. */
export async function composeMessages(ground: Ground, { settings }: Records) {
  const deploymentId = await settings.readDeploymentId();
  return { events: composeEvents(ground, deploymentId), knocks: composeKnocks(ground) };
}

export type Messages = Awaited<ReturnType<typeof composeMessages>>;

function composeEvents({ config, log, lifecycle }: Ground, deploymentId: string): EventBus {
  const { redisUrl, databaseUrl } = config;
  if (redisUrl !== undefined) {
    const redis = createRedis({ url: redisUrl, log });
    lifecycle.add({ name: "events", stop: redis.close });
    return createRedisEventBus({ redis, deploymentId });
  }
  if (databaseUrl === undefined) return createMemoryEventBus();
  const events = createNotifyEventBus({ url: databaseUrl, log });
  lifecycle.add({ name: "events", stop: events.close });
  return events;
}

function composeKnocks({ config, log, lifecycle }: Ground): Knocks {
  const knocks = config.queue.type === "off" ? silentKnocks : createMemoryKnocks({ log });
  lifecycle.add({ name: "knocks", stop: knocks.close });
  return knocks;
}
