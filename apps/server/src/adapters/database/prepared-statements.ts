import { createHash } from "node:crypto";
import type { PostgresPool, PostgresPoolClient, PostgresQueryResult } from "kysely";
import type { Pool, PoolClient } from "pg";
import type { Log } from "../../log.ts";
import { sqlStateOf } from "./translate-errors.ts";

/** The statement is unknown on this connection, or its name is taken: a pooler has changed connections under us. */
const NOT_OURS = new Set(["26000", "42P05"]);

/**
 * The same pool, with statements that are parsed and planned once per connection. Ours are long and run for every job: planning them
 * anew was half of what the database computed. Behind a pooler that cannot keep them they are sent as they are.
 */
export function withPreparedStatements(pool: Pool, log: Log): PostgresPool {
  const wrappers = new WeakMap<PoolClient, PostgresPoolClient>();
  const names = new Map<string, string>();
  let isPrepared = true;

  /** Texts are constants of this program, so the map stays small. */
  function nameOf(text: string): string {
    const name = names.get(text) ?? createHash("sha256").update(text).digest("base64url");
    names.set(text, name);
    return name;
  }

  async function run(client: PoolClient, text: string, values: readonly unknown[]) {
    // Without parameters a text may hold several commands, as migrations do.
    if (!isPrepared || values.length === 0) return client.query(text, [...values]);
    try {
      return await client.query({ name: nameOf(text), text, values: [...values] });
    } catch (error) {
      if (!NOT_OURS.has(sqlStateOf(error) ?? "")) throw error;
      if (isPrepared)
        log.warn({}, "The database keeps no prepared statements (a pooler?): going on without them, slower.");
      isPrepared = false;
      return client.query(text, [...values]);
    }
  }

  function wrap(client: PoolClient): PostgresPoolClient {
    // `pg` says "string" where kysely names the commands.
    const query = (text: string, values: readonly unknown[]) =>
      run(client, text, values) as Promise<PostgresQueryResult<unknown>>;
    const { processID } = client as PoolClient & { readonly processID?: number };
    return {
      ...(processID !== undefined && { processID }),
      query: query as PostgresPoolClient["query"],
      release: (destroy) => client.release(destroy),
    };
  }

  return {
    options: {},
    end: () => pool.end(),
    async connect() {
      const client = await pool.connect();
      const wrapper = wrappers.get(client) ?? wrap(client);
      wrappers.set(client, wrapper);
      return wrapper;
    },
  };
}
