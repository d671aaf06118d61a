import { EventEmitter } from "node:events";
import type { PostgresPoolClient } from "kysely";
import { Pool } from "pg";
import type { Log } from "../../log.ts";
import type { EmbeddedPool } from "./open-embedded.ts";

/** Sessions whose unqualified names mean the tables of the queue; ours are always written with their schema. */
const SEARCH_PATH = "bullmq, public";
/** One that listens, one that is listened for, and some that ask. */
const CONNECTIONS_MAX = 5;

interface QueryResult {
  // The rows of a query library's statements: their reader knows what they are.
  // biome-ignore lint/suspicious/noExplicitAny: as `pg` itself types them.
  rows: any[];
  rowCount?: number | null;
}

type Query = (text: string, parameters?: readonly unknown[]) => Promise<QueryResult>;

export interface QueuePoolClient extends EventEmitter {
  readonly query: Query;
  release(destroy?: boolean): void;
}

/** As much of a `pg` pool as a queue library needs. */
export interface QueuePool extends EventEmitter {
  readonly query: Query;
  connect(): Promise<QueuePoolClient>;
  end(): Promise<void>;
}

/** A pool of its own, so that a connection that listens for good is none that jobs need. */
export function openServerQueuePool({ url, log }: { readonly url: string; readonly log: Log }): QueuePool {
  const pool = new Pool({
    connectionString: url,
    max: CONNECTIONS_MAX,
    application_name: "comfy-queue",
    options: `-c search_path=${SEARCH_PATH.replace(" ", "")}`,
    connectionTimeoutMillis: 5_000,
    statement_timeout: 20_000,
    query_timeout: 25_000,
    keepAlive: true,
  });
  const note = (error: Error) => log.debug({ error }, "A connection of the queue was lost.");
  pool.on("error", note);
  pool.on("connect", (client) => client.on("error", note));
  return pool as QueuePool;
}

/**
 * The embedded database's one session with the face of a pool. A client that only listens holds nothing: the session is lent to it for
 * each statement, and from BEGIN to COMMIT.
 */
export function createEmbeddedQueuePool(pool: EmbeddedPool): QueuePool {
  const listening = new Map<string, number>();
  let isPrepared = false;

  async function lend(): Promise<PostgresPoolClient> {
    const loan = await pool.connect();
    try {
      if (!isPrepared) await loan.query(`set search_path to ${SEARCH_PATH}`, []);
      isPrepared = true;
      return loan;
    } catch (error) {
      loan.release();
      throw error;
    }
  }
  async function runOnce(text: string, parameters: readonly unknown[] = []): Promise<QueryResult> {
    const loan = await lend();
    try {
      return toResult(await loan.query(text, parameters));
    } finally {
      loan.release();
    }
  }
  /** Several clients listen on the one session: it stops when the last of them does. */
  async function count(channel: string, by: 1 | -1): Promise<void> {
    const before = listening.get(channel) ?? 0;
    listening.set(channel, Math.max(0, before + by));
    if (before === 0 && by === 1) await runOnce(`listen "${channel}"`);
    if (before === 1 && by === -1) await runOnce(`unlisten "${channel}"`);
  }

  return Object.assign(new EventEmitter(), {
    // What a listening connection over a network needs to notice its death; a thread's death ends the process.
    options: { keepAlive: true },
    query: runOnce,
    connect: async () => createClient({ pool, lend, runOnce, count }),
    async end() {},
  });
}

interface Session {
  readonly pool: EmbeddedPool;
  lend(): Promise<PostgresPoolClient>;
  readonly runOnce: Query;
  count(channel: string, by: 1 | -1): Promise<void>;
}

function createClient({ pool, lend, runOnce, count }: Session): QueuePoolClient {
  const channels = new Set<string>();
  let loan: PostgresPoolClient | undefined;
  const client = new EventEmitter();
  const stop = pool.onNotification((notification) => {
    if (channels.has(notification.channel)) client.emit("notification", notification);
  });

  async function query(text: string, parameters: readonly unknown[] = []): Promise<QueryResult> {
    const { word, channel } = readCommand(text);
    if (word === "listen" && channel !== undefined) {
      if (!channels.has(channel)) await count(channel, 1);
      channels.add(channel);
      return { rows: [] };
    }
    if (word === "begin") loan ??= await lend();
    if (loan === undefined) return runOnce(text, parameters);
    const result = toResult(await loan.query(text, parameters));
    if (word === "commit" || word === "rollback") giveBack();
    return result;
  }
  function giveBack(): void {
    loan?.release();
    loan = undefined;
  }
  return Object.assign(client, {
    query,
    release() {
      stop();
      giveBack();
      // The session is closing, or goes on without the channel; neither needs to be waited for.
      for (const channel of channels) count(channel, -1).catch(() => undefined);
      channels.clear();
    },
  });
}

/** The first word of a statement, which may stand behind comments, and what is listened to. */
function readCommand(text: string): { readonly word: string; readonly channel: string | undefined } {
  const match = /^(?:\s|--[^\n]*\n)*([a-z]+)(?:\s+"?([a-z0-9_]+)"?)?/i.exec(text);
  return { word: match?.[1]?.toLowerCase() ?? "", channel: match?.[2] };
}

const toResult = ({ rows, ...rest }: { rows: unknown[]; rowCount?: unknown }): QueryResult => ({
  rows,
  rowCount: typeof rest.rowCount === "number" ? rest.rowCount : null,
});
