import { type Kysely, sql } from "kysely";
import type { Log } from "../../log.ts";
import { deleteInBatches } from "./delete-in-batches.ts";
import { repairOwnerQueue } from "./owner-queue.ts";
import { removeEndedJobs } from "./retention.ts";
import type { Tables } from "./tables.ts";
import { runUploadUpkeep } from "./upload-store.ts";
import { runUserUpkeep } from "./user-upkeep.ts";
import { runWebhookUpkeep } from "./webhook-upkeep.ts";

export interface UpkeepOptions {
  readonly log: Log;
  /** A server vacuums by itself; PGlite has no autovacuum. */
  readonly isVacuumed: boolean;
  /** How long jobs are kept after they ended. Absent or 0: for ever. */
  readonly jobRetentionDays?: number;
  readonly intervalMs?: number;
}

const EVERY_MS = 10 * 60_000;
/** A table is vacuumed from so many dead rows on, or at a tenth of the living: below, reading it costs more than they do. */
const DEAD_ROWS_MIN = 50;

/** Removes what has expired, mends counters and, embedded, clears what updates left behind. The first round is one interval from now. */
export function startUpkeep(db: Kysely<Tables>, options: UpkeepOptions): { stop(): Promise<void> } {
  let round: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    round = round
      .then(() => runUpkeep(db, options))
      .catch((error: unknown) =>
        options.log.warn({ error }, "The upkeep of the database failed; the next round tries again."),
      );
  }, options.intervalMs ?? EVERY_MS);
  timer.unref();
  return {
    async stop() {
      clearInterval(timer);
      await round;
    },
  };
}

/** One round of {@link startUpkeep}. */
export async function runUpkeep(
  db: Kysely<Tables>,
  options: Pick<UpkeepOptions, "isVacuumed" | "jobRetentionDays">,
): Promise<void> {
  const { isVacuumed, jobRetentionDays = 0 } = options;
  // A minute of grace: this clock and the one that checks timestamps may differ.
  await deleteInBatches(db, "comfy.used_signatures", sql`expires_at < statement_timestamp() - interval '1 minute'`);
  // Before jobs are removed: a key must not outlive the job that it gives again.
  await deleteInBatches(db, "comfy.idempotency_keys", sql`created_at < statement_timestamp() - interval '24 hours'`);
  await deleteInBatches(db, "comfy.holders", sql`expires_at < statement_timestamp() - interval '1 day'`);
  await deleteInBatches(db, "comfy.request_counters", sql`counted_at < statement_timestamp() - interval '7 days'`);
  await deleteInBatches(db, "comfy.orphan_prompts", sql`until < statement_timestamp()`);
  await deleteInBatches(db, "comfy.generations_per_day", sql`day < (now() at time zone 'UTC')::date - 7`);
  await runWebhookUpkeep(db);
  await runUploadUpkeep(db);
  await runUserUpkeep(db);
  if (jobRetentionDays > 0) await removeEndedJobs(db, jobRetentionDays);
  await repairOwnerQueue(db);
  if (!isVacuumed) return;
  // One table at a time: the one session of PGlite is free for others in between.
  for (const table of await findDirtyTables(db)) await sql`vacuum (analyze) ${sql.table(`comfy.${table}`)}`.execute(db);
}

/** As the statistics tell, which forget everything when the process is killed: what died before is found when more has died. */
async function findDirtyTables(db: Kysely<Tables>): Promise<string[]> {
  // What this one session did is counted once a minute at most, unless it is asked for, and then at the end of the statement.
  await sql`select pg_stat_force_next_flush()`.execute(db);
  const { rows } = await sql<{ relname: string }>`
    select relname from pg_stat_user_tables
    where schemaname = 'comfy' and (
      n_dead_tup >= ${DEAD_ROWS_MIN} or n_ins_since_vacuum >= 1000 + n_live_tup / 10 or n_mod_since_analyze >= ${DEAD_ROWS_MIN} + n_live_tup / 10)
    order by relname`.execute(db);
  return rows.map(({ relname }) => relname);
}
