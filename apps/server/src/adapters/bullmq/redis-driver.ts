import { type ConnectionOptions, Queue, Worker } from "bullmq";
import { QUEUE_NAME, type QueueDriver, queueSettings, workerSettings } from "./queue-driver.ts";

/** A connection of `ioredis`; this room is given it, since another one makes them. */
export type RedisClient = ConnectionOptions & { readonly status: string };

export interface RedisDriverOptions {
  /** Gives a connection. `ask`: commands fail at once while Redis is away. `block`: they outlive a lost connection. */
  readonly connect: (name: string, mode: "ask" | "block") => RedisClient;
}

/** The queue on Redis: for many processes on many machines. */
export function createRedisDriver({ connect }: RedisDriverOptions): QueueDriver {
  const teller = connect("knocks", "ask");
  return {
    async prepare() {},
    isReady: () => teller.status === "ready",
    async openQueue(prefix) {
      const queue = new Queue(QUEUE_NAME, { ...queueSettings, connection: teller, prefix });
      // Said once by whoever made the connection.
      queue.on("error", () => {});
      return queue;
    },
    async openWorker(prefix, hear, onError) {
      const connection = connect("knocks-listener", "block");
      const worker = new Worker(QUEUE_NAME, hear, { ...workerSettings, ...queueSettings, connection, prefix });
      worker.on("error", onError);
      return worker;
    },
  };
}
