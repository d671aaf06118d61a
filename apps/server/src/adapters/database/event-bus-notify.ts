import { Client } from "pg";
import * as z from "zod";
import type { EventBus } from "../../jobs/event-bus.ts";
import { createWiredEventBus, type NoticeWire } from "../../jobs/event-bus-wired.ts";
import type { Log } from "../../log.ts";

/** One channel for all jobs: PostgreSQL wakes every listening session for every notification anyway. */
const CHANNEL = "comfy_job_notices";
/** PostgreSQL takes at most 7,999 bytes; a larger notice (a preview) stays on its process. */
const PAYLOAD_SIZE_BYTES_MAX = 7_900;
/** Notices that wait for the one statement under way; the oldest are dropped. */
const WAITING_MAX = 1_000;
const AT_ONCE = 200;
const RETRY_MS_MAX = 5_000;
const TIMEOUT_MS = 10_000;

const payload = z.object({ job: z.string(), text: z.string() });

export interface NotifyEventBusOptions {
  readonly url: string;
  readonly log: Log;
}

export interface NotifyEventBus extends EventBus {
  close(): Promise<void>;
}

/**
 * The bus of many processes that share a PostgreSQL and no Redis: LISTEN and NOTIFY on a connection of its own. Notices are sent apart
 * from any other statement and many at once: a NOTIFY takes a lock of the whole database at its commit, which the end of a job must
 * not wait for.
 */
export function createNotifyEventBus(options: NotifyEventBusOptions): NotifyEventBus {
  let close = async (): Promise<void> => {};
  const { publish, subscribe } = createWiredEventBus((receive) => {
    const session = keepSession(options, receive);
    close = session.close;
    return toWire(session);
  });
  return { publish, subscribe, close: () => close() };
}

interface Session {
  /** The connection, while there is one. */
  readonly client: Client | undefined;
  close(): Promise<void>;
}

/** Listens, and connects again whenever the connection is lost. */
function keepSession({ url, log }: NotifyEventBusOptions, receive: (jobId: string, text: string) => void): Session {
  let current: Client | undefined;
  let timer: NodeJS.Timeout | undefined;
  let tries = 0;
  let isClosed = false;
  let opening: Promise<void> = Promise.resolve();

  async function open(): Promise<void> {
    const client = new Client({
      connectionString: url,
      application_name: "comfy-events",
      connectionTimeoutMillis: TIMEOUT_MS,
      query_timeout: TIMEOUT_MS,
      keepAlive: true,
    });
    client.on("notification", ({ payload: given = "" }) => {
      const parsed = payload.safeParse(parseJson(given));
      if (parsed.success) receive(parsed.data.job, parsed.data.text);
    });
    client.on("error", () => client.end().catch(() => undefined));
    client.once("end", () => lose(client));
    try {
      await client.connect();
      await client.query(`listen ${CHANNEL}`);
      if (tries > 0) log.info({}, "Events of other processes are heard again.");
      tries = 0;
      current = client;
      if (isClosed) await client.end();
    } catch (error) {
      retry(error);
      client.end().catch(() => undefined);
    }
  }
  function lose(client: Client): void {
    if (client !== current) return;
    current = undefined;
    retry(new Error("The connection was lost."));
  }
  function retry(error: unknown): void {
    if (isClosed) return;
    if (tries === 0) log.warn({ error }, "Events of other processes are not heard; jobs and their endings go on.");
    tries += 1;
    timer = setTimeout(start, Math.min(tries * 250, RETRY_MS_MAX));
  }
  function start(): void {
    opening = open();
  }
  start();

  return {
    get client() {
      return current;
    },
    async close() {
      isClosed = true;
      clearTimeout(timer);
      await opening;
      await current?.end().catch(() => undefined);
    },
  };
}

/** One statement at a time carries all that came up meanwhile. */
function toWire(session: Session): NoticeWire {
  let waiting: string[] = [];
  let isSending = false;

  async function sendWaiting(): Promise<void> {
    if (isSending) return;
    isSending = true;
    for (let client = session.client; client !== undefined && waiting.length > 0; client = session.client) {
      const batch = waiting.splice(0, AT_ONCE);
      await client
        .query("select pg_notify($1, text) from unnest($2::text[]) as text", [CHANNEL, batch])
        .catch(() => undefined);
    }
    isSending = false;
  }

  return {
    send(job, text) {
      if (session.client === undefined) return;
      const given = JSON.stringify({ job, text });
      if (Buffer.byteLength(given) > PAYLOAD_SIZE_BYTES_MAX) return;
      waiting.push(given);
      if (waiting.length > WAITING_MAX) waiting = waiting.slice(-WAITING_MAX);
      void sendWaiting();
    },
    // The one channel is listened to all along; what nobody here waits for is dropped by the bus.
    listen() {},
    unlisten() {},
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
