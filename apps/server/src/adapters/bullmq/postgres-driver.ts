import { createPostgresBackend, type PgPool, runMigrations, withBackend } from "bullmq";
import { QUEUE_NAME, type QueueDriver, queueSettings, workerSettings } from "./queue-driver.ts";

/** The pool's sessions must have the schema `bullmq` first in their search path. */
export interface PostgresDriverOptions {
  readonly pool: PgPool;
}

const { Queue, Worker } = withBackend(createPostgresBackend);

/** The queue in the database, a server or the embedded one, in a schema of its own. One database is one deployment: no prefix. */
export function createPostgresDriver({ pool }: PostgresDriverOptions): QueueDriver {
  return {
    async prepare() {
      const client = await pool.connect();
      try {
        await runMigrations(client);
      } finally {
        client.release();
      }
    },
    isReady: () => true,
    async openQueue() {
      const queue = new Queue(QUEUE_NAME, { ...queueSettings, connection: pool });
      queue.on("error", () => {});
      return untilReady(queue);
    },
    async openWorker(_prefix, hear, onError) {
      const worker = new Worker(QUEUE_NAME, hear, { ...workerSettings, ...queueSettings, connection: pool });
      worker.on("error", onError);
      return untilReady(worker);
    },
  };
}

interface Opening {
  waitUntilReady(): Promise<unknown>;
  close(): Promise<void>;
}

/** One whose first look at the database failed would never look again. */
async function untilReady<Opened extends Opening>(opened: Opened): Promise<Opened> {
  try {
    await opened.waitUntilReady();
    return opened;
  } catch (error) {
    await opened.close().catch(() => undefined);
    throw error;
  }
}
