import { type Kysely, sql } from "kysely";
import type { Log } from "../../log.ts";
import { repairOwnerQueue } from "./owner-queue.ts";
import type { Tables } from "./tables.ts";
import { runWebhookUpkeep } from "./webhook-upkeep.ts";

export interface UpkeepOptions {
  readonly log: Log;
  /** A server vacuums by itself; PGlite has no autovacuum. */
  readonly isVacuumed: boolean;
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
export async function runUpkeep(db: Kysely<Tables>, { isVacuumed }: Pick<UpkeepOptions, "isVacuumed">): Promise<void> {
  // A minute of grace: this clock and the one that checks timestamps may differ.
  await sql`delete from comfy.used_signatures where expires_at < statement_timestamp() - interval '1 minute'`.execute(
    db,
  );
  await sql`delete from comfy.idempotency_keys where created_at < statement_timestamp() - interval '24 hours'`.execute(
    db,
  );
  await sql`delete from comfy.holders where expires_at < statement_timestamp() - interval '1 day'`.execute(db);
  await sql`delete from comfy.orphan_prompts where until < statement_timestamp()`.execute(db);
  await sql`delete from comfy.generations_per_day where day < (now() at time zone 'UTC')::date - 7`.execute(db);
  await runWebhookUpkeep(db);
  await repairOwnerQueue(db);
  if (!isVacuumed) return;
  // One table at a time: the one session of PGlite is free for others in between.
  for (const table of BUSY_TABLES) await sql`vacuum (analyze) ${sql.table(`comfy.${table}`)}`.execute(db);
}
