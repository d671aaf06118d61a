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
/** The tables whose rows are rewritten often: dead versions pile up in these. */
const BUSY_TABLES = [
  "jobs",
  "owner_queue",
  "attempts",
  "backend_leases",
  "holders",
  "outbox",
  "used_signatures",
  "generations_per_day",
  "idempotency_keys",
  "job_inputs",
  "usage",
  "usage_days",
];

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
  for (const table of BUSY_TABLES) await sql`vacuum (analyze) ${sql.table(`comfy.${table}`)}`.execute(db);
}
