import type { PostgresPool, PostgresPoolClient } from "kysely";
import { AppError } from "../../errors.ts";

/** The same pool; failures to reach the database become AppError `unavailable`. What a statement did wrong stays as it is. */
export function withTranslatedErrors(pool: PostgresPool): PostgresPool {
  // The driver keeps what it knows of a client by identity, so each client keeps one wrapper.
  const wrappers = new WeakMap<object, PostgresPoolClient>();
  return {
    options: {},
    end: () => pool.end(),
    async connect() {
      const client = await pool.connect().catch(rethrow);
      const wrapper = wrappers.get(client) ?? wrapClient(client);
      wrappers.set(client, wrapper);
      return wrapper;
    },
  };
}

function wrapClient(client: PostgresPoolClient): PostgresPoolClient {
  const query = (sql: string, parameters: readonly unknown[]) => client.query(sql, parameters).catch(rethrow);
  return {
    ...(client.processID !== undefined && { processID: client.processID }),
    query: query as PostgresPoolClient["query"],
    release: (destroy) => client.release(destroy),
  };
}

function rethrow(error: unknown): never {
  if (error instanceof AppError || !isUnreachable(error)) throw error;
  throw new AppError("unavailable", "The database cannot be reached; try again in a moment.", {
    cause: error,
    retryAfterSeconds: 5,
  });
}

/** SQLSTATE of an error, or undefined when it came from a connection and not from a statement. */
export function sqlStateOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "string") return undefined;
  return /^[0-9A-Z]{5}$/.test(error.code) ? error.code : undefined;
}

// 08 connection, 53 out of resources, 57P0x shutdown, 57014 cut off by a timeout; anything without a SQLSTATE came from a socket or the thread.
function isUnreachable(error: unknown): boolean {
  const state = sqlStateOf(error);
  return state === undefined || /^(08|53|57P0|57014)/.test(state);
}
