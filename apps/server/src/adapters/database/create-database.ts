import { Kysely, PostgresDialect, type PostgresPool, sql } from "kysely";
import type { Log } from "../../log.ts";
import { awaitServer } from "./await-server.ts";
import { migrations } from "./migrations/index.ts";
import { migrate } from "./migrations/migrate.ts";
import { openEmbedded } from "./open-embedded.ts";
import { openServer, openServerForMigrations } from "./open-server.ts";
import { createEmbeddedQueuePool, openServerQueuePool, type QueuePool } from "./queue-pool.ts";
import type { Tables } from "./tables.ts";
import { withTranslatedErrors } from "./translate-errors.ts";
import { startUpkeep } from "./upkeep.ts";

export type DatabaseOptions = {
  readonly log: Log;
  /** Told when the thread of an embedded database died. Absent: the process ends. */
  readonly onDeath?: (cause: Error) => void;
  /** How long jobs are kept after they ended. Absent or 0: for ever. */
  readonly jobRetentionDays?: number;
  /** How long a server may take to answer at the start. Absent: a minute. */
  readonly startTimeoutMs?: number;
  /** How long one transaction of an embedded database may take. Absent: 30 s. */
  readonly transactionTimeoutMs?: number;
} & ({ readonly directory: string } | { readonly url: string });

/** An open database with the schema of this version. */
export interface Database {
  readonly db: Kysely<Tables>;
  /** What accepted jobs survive: the death of this process, or whatever the server promises. */
  readonly durability: "process" | "server";
  /** Sessions for a queue that keeps its tables in the schema `bullmq`. Whoever asks for them ends them. */
  openQueuePool(): QueuePool;
  /** Rejects when the database does not answer in time. */
  check(): Promise<void>;
  close(): Promise<void>;
}

const CHECK_TIMEOUT_MS = 2_000;

const VERSION_MIN = 15;

/**
 * Opens the database: PostgreSQL at `url`, or one that lives in `directory` inside this process.
 *
 * @throws Error with a sentence when the directory is in use, the server cannot be reached, or the schema is a newer one.
 * @example const database = await createDatabase({ directory: "/data/database", log });
 */
export async function createDatabase(options: DatabaseOptions): Promise<Database> {
  const isServer = "url" in options;
  const { log } = options;
  const { pool, openQueuePool, migrateAll } = await openPools(options);
  const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool: withTranslatedErrors(pool) }) });
  try {
    const ran = await migrateAll();
    // Kysely does not end a pool that it never used: a close right after this would leave the directory locked.
    await sql`select 1`.execute(db);
    if (ran.length > 0) log.info({ migrations: ran }, "The database schema was brought up to date.");
  } catch (error) {
    await pool.end();
    throw error;
  }
  const upkeep = startUpkeep(db, { ...options, isVacuumed: !isServer });
  return {
    db,
    durability: isServer ? "server" : "process",
    openQueuePool,
    check: () => assertAnswers(db),
    async close() {
      await upkeep.stop();
      await db.destroy();
    },
  };
}

async function migrateIn(
  pool: PostgresPool,
  assertFit: (db: Kysely<unknown>) => Promise<void> = async () => {},
): Promise<string[]> {
  const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool: withTranslatedErrors(pool) }) });
  try {
    await assertFit(db);
    return await migrate(db, migrations);
  } finally {
    await db.destroy();
  }
}

async function openPools(options: DatabaseOptions) {
  if ("url" in options) {
    const { log, startTimeoutMs: timeoutMs } = options;
    const migrateServer = () => migrateIn(openServerForMigrations(options), assertVersion);
    return {
      pool: openServer(options),
      migrateAll: () => awaitServer(migrateServer, { log, ...(timeoutMs !== undefined && { timeoutMs }) }),
      openQueuePool: () => openServerQueuePool(options),
    };
  }
  const pool = await openEmbedded(options);
  return {
    pool,
    migrateAll: () => migrateIn(pool.migrationPool),
    openQueuePool: () => createEmbeddedQueuePool(pool),
  };
}

async function assertAnswers(db: Kysely<Tables>): Promise<void> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error("The database does not answer.")), CHECK_TIMEOUT_MS);
  try {
    await Promise.race([sql`SELECT 1`.execute(db), late]);
  } finally {
    clearTimeout(timer);
  }
}

async function assertVersion(db: Kysely<unknown>): Promise<void> {
  const { rows } = await sql<{ version: number }>`
    select current_setting('server_version_num')::integer / 10000 as version`.execute(db);
  const version = rows[0]?.version ?? 0;
  if (version < VERSION_MIN)
    throw new Error(`The database is PostgreSQL ${version}: version ${VERSION_MIN} or newer is needed.`);
}
