import { type Kysely, type RawBuilder, sql } from "kysely";
import type { Tables } from "./tables.ts";

const BATCH_ROWS = 500;
/** What one task of a round may take: the next round goes on. */
const PATIENCE_MS = 60_000;

/** Repeats a deletion of up to `rowsMax` rows until it finds fewer, or until the round has taken long enough. Gives how many went. */
export async function inBatches(remove: (rowsMax: number) => Promise<number>, rowsMax = BATCH_ROWS): Promise<number> {
  const deadlineMs = performance.now() + PATIENCE_MS;
  let total = 0;
  for (;;) {
    const removed = await remove(rowsMax);
    total += removed;
    if (removed < rowsMax || performance.now() > deadlineMs) return total;
  }
}

/**
 * Deletes the rows that meet a condition, a few at a time: nobody waits long for a lock, and rows that another process deletes or uses at
 * the moment are left to it.
 */
export function deleteInBatches(db: Kysely<Tables>, table: string, condition: RawBuilder<unknown>): Promise<number> {
  return inBatches(async (rowsMax) => {
    const { numAffectedRows } = await sql`
      delete from ${sql.table(table)} where ctid = any(array(
        select ctid from ${sql.table(table)} where ${condition} limit ${rowsMax} for update skip locked))`.execute(db);
    return Number(numAffectedRows ?? 0);
  });
}
