import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";

/** Connections report their transactions within a second. */
const REPORT_MS = 1_200;

/** Transactions a PostgreSQL has committed, each a round trip or more; undefined without one. */
export async function readTransactions(databaseUrl: string | undefined): Promise<number | undefined> {
  if (databaseUrl === undefined) return undefined;
  await sleep(REPORT_MS);
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ count: string }>(
      "select xact_commit as count from pg_stat_database where datname = current_database()",
    );
    return Number(rows[0]?.count);
  } finally {
    await client.end();
  }
}
