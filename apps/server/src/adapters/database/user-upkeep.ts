import { type Kysely, sql } from "kysely";
import { deleteInBatches } from "./delete-in-batches.ts";
import type { Tables } from "./tables.ts";

/** Forgets refresh tokens that nobody could use any more, and sessions a month after they ended. */
export async function runUserUpkeep(db: Kysely<Tables>): Promise<void> {
  await deleteInBatches(db, "comfy.refresh_tokens", sql`expires_at < statement_timestamp()`);
  await deleteInBatches(
    db,
    "comfy.sessions",
    sql`expires_at < statement_timestamp() - interval '30 days' or ended_at < statement_timestamp() - interval '30 days'`,
  );
}
