import type { PostgresPool } from "kysely";
import { Pool, types } from "pg";
import type { Log } from "../../log.ts";
import { withPreparedStatements } from "./prepared-statements.ts";

export interface ServerOptions {
  readonly url: string;
  readonly log: Log;
  readonly connectionsMax?: number;
}

/** A step of the schema may rewrite a large table, or wait for another process that does. */
const MIGRATION_TIMEOUT_MS = 15 * 60_000;

const INT8 = 20;
const CONNECT_TIMEOUT_MS = 10_000;

/** One connection that is given time, for the steps of the schema. */
export function openServerForMigrations({ url, log }: ServerOptions): PostgresPool {
  const pool = new Pool({
    connectionString: url,
    max: 1,
    application_name: "comfy-server migrations",
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: MIGRATION_TIMEOUT_MS,
    keepAlive: true,
  });
  return withPreparedStatements(withoutSurprises(pool, log), log);
}

/** A pool of connections to a PostgreSQL server, 15 or newer. */
export function openServer({ url, log, connectionsMax = 10 }: ServerOptions): PostgresPool {
  const pool = new Pool({
    connectionString: url,
    max: connectionsMax,
    application_name: "comfy-server",
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    // Nothing here runs long: a statement that does is stuck behind a lock or a dead network.
    statement_timeout: 20_000,
    query_timeout: 25_000,
    idle_in_transaction_session_timeout: 30_000,
    keepAlive: true,
    // One plan for any value, as the usual five that fit one value each are never repaid; often made while the tables are still empty, so it
    // must not read them whole: every statement has its index. And no machine code: the planner's guess of a claim is high enough to
    // compile it, which took 400 ms for a statement that runs for two.
    options: "-c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c jit=off",
    // Large integers are counts, sizes and times here, all below 2^53; `pg` would give them as text.
    types: { getTypeParser: (oid: number, format) => (oid === INT8 ? Number : types.getTypeParser(oid, format)) },
  });
  return withPreparedStatements(withoutSurprises(pool, log), log);
}

/** The same pool, in which a connection that the server drops (restart, failover) does not end the process. */
function withoutSurprises(pool: Pool, log: Log): Pool {
  const note = (error: Error) => {
    if (!pool.ending) log.warn({ error }, "A database connection was lost.");
  };
  pool.on("error", note);
  pool.on("connect", (client) => client.on("error", note));
  return pool;
}
