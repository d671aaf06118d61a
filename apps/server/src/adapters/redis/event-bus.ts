import type { Redis } from "ioredis";
import type { EventBus } from "../../jobs/event-bus.ts";
import { createWiredEventBus, type NoticeWire } from "../../jobs/event-bus-wired.ts";
import type { RedisServer } from "./connect.ts";

/** Notices on their way to a Redis that answers slowly; more are dropped, as they are while it is away. */
const UNDER_WAY_MAX = 1_000;
/** Channels in one SUBSCRIBE when a connection is back. */
const CHANNELS_AT_ONCE = 500;

export interface RedisEventBusOptions {
  readonly redis: RedisServer;
  /** Keeps deployments on one Redis apart. */
  readonly deploymentId: string;
}

/**
 * The bus of many processes over Redis pub/sub: a channel per job, one connection that listens and one that tells.
 *
 * @example const events = createRedisEventBus({ redis: createRedis({ url: "redis://127.0.0.1:6379", log }), deploymentId });
 */
export function createRedisEventBus(options: RedisEventBusOptions): EventBus {
  return createWiredEventBus((receive) => openWire(options, receive));
}

function openWire(
  { redis, deploymentId }: RedisEventBusOptions,
  receive: (jobId: string, text: string) => void,
): NoticeWire {
  const teller = redis.connect("events", "ask");
  const listener = redis.connect("events-listener", "ask");
  const prefix = `${deploymentId}:job:`;
  const channels = new Set<string>();
  let underWay = 0;

  listener.on("message", (channel: string, text: string) => {
    if (channel.startsWith(prefix)) receive(channel.slice(prefix.length), text);
  });
  listener.on("ready", () => subscribeAll(listener, [...channels]));

  return {
    send(jobId, text) {
      if (teller.status !== "ready" || underWay >= UNDER_WAY_MAX) return;
      underWay += 1;
      teller
        .publish(prefix + jobId, text)
        .catch(() => undefined)
        .finally(() => {
          underWay -= 1;
        });
    },
    listen(jobId) {
      channels.add(prefix + jobId);
      if (listener.status === "ready") subscribeAll(listener, [prefix + jobId]);
    },
    unlisten(jobId) {
      channels.delete(prefix + jobId);
      if (listener.status === "ready") listener.unsubscribe(prefix + jobId).catch(() => undefined);
    },
  };
}

/** What fails here fails with the connection, and all is subscribed to again when it is back. */
function subscribeAll(listener: Redis, channels: readonly string[]): void {
  for (let start = 0; start < channels.length; start += CHANNELS_AT_ONCE)
    listener.subscribe(...channels.slice(start, start + CHANNELS_AT_ONCE)).catch(() => undefined);
}
