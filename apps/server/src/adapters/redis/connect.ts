import { Redis, type RedisOptions } from "ioredis";
import type { Log } from "../../log.ts";

/** Redis serves hints here: whoever waits for it longer than this is better off without. */
const COMMAND_TIMEOUT_MS = 2_000;
const CONNECT_TIMEOUT_MS = 5_000;
const RETRY_MS_MAX = 2_000;
const CLOSE_TIMEOUT_MS = 1_000;

/**
 * `ask`: commands fail at once while Redis is away, and when no answer comes. `block`: commands may wait for minutes and outlive a lost
 * connection.
 */
export type RedisMode = "ask" | "block";

/** One Redis server and all our connections to it. */
export interface RedisServer {
  /** A connection that comes up by itself, again and again. `name` is what Redis's own list of clients shows. */
  connect(name: string, mode: RedisMode): Redis;
  close(): Promise<void>;
}

const modes = {
  // What is said in one turn of the event loop goes out in one write: five notices a job were a twelfth of a busy server's time.
  ask: {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    commandTimeout: COMMAND_TIMEOUT_MS,
    enableAutoPipelining: true,
  },
  block: { maxRetriesPerRequest: null },
} satisfies Record<RedisMode, RedisOptions>;

/** Connections are made when they are asked for; none of them is waited for, and a Redis that is not there stops nothing. */
export function createRedis({ url, log }: { readonly url: string; readonly log: Log }): RedisServer {
  const clients = new Set<Redis>();
  const presence = createPresence(log);
  let isClosing = false;

  return {
    connect(name, mode) {
      const client = new Redis(url, {
        ...modes[mode],
        connectionName: `comfy-${name}`,
        connectTimeout: CONNECT_TIMEOUT_MS,
        keepAlive: 10_000,
        autoResubscribe: false,
        retryStrategy: (tries) => Math.min(tries * 100, RETRY_MS_MAX),
      });
      clients.add(client);
      let cause: unknown;
      client.on("error", (error) => {
        cause = error;
      });
      client.on("close", () => {
        if (!isClosing) presence.lose(name, cause);
      });
      client.on("ready", () => presence.find(name));
      return client;
    },
    async close() {
      isClosing = true;
      await Promise.all([...clients].map(disconnect));
    },
  };
}

/** Redis away is one line when it goes and one when it is back: the reconnects of a night must not be ten thousand. */
function createPresence(log: Log) {
  const lost = new Set<string>();
  return {
    lose(name: string, error: unknown): void {
      if (lost.size === 0) log.warn({ error }, "Redis cannot be reached; the service goes on without it.");
      lost.add(name);
    },
    find(name: string): void {
      if (lost.delete(name) && lost.size === 0) log.info({}, "Redis is back.");
    },
  };
}

/** Says goodbye, or hangs up when nobody answers. */
async function disconnect(client: Redis): Promise<void> {
  if (client.status === "ready") {
    const timer = setTimeout(() => client.disconnect(), CLOSE_TIMEOUT_MS);
    await client.quit().catch(() => undefined);
    clearTimeout(timer);
  }
  client.disconnect();
}
