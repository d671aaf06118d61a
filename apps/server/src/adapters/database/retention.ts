import { type Kysely, sql } from "kysely";
import { createId } from "../../ids.ts";
import { deleteInBatches, inBatches } from "./delete-in-batches.ts";
import type { Tables } from "./tables.ts";
import { dayOf, generationsOf } from "./usage.ts";

const DAY_MS = 86_400_000;
/** A job takes its attempts, with their graphs, along: some hundred kilobytes each. */
const JOBS_AT_ONCE = 100;

/** Removes jobs that ended so many days ago, and batches without jobs. Gives how many jobs went. */
export async function removeEndedJobs(db: Kysely<Tables>, days: number, nowMs = Date.now()): Promise<number> {
  const endedBefore = new Date(nowMs - days * DAY_MS);
  // Ids begin with the time they were made at, so those that can be meant lie at the beginning of the primary key.
  const idBefore = createId(endedBefore.getTime());
  const removed = await inBatches((rowsMax) => removeSome(db, endedBefore, idBefore, rowsMax), JOBS_AT_ONCE);
  await deleteInBatches(
    db,
    "comfy.batches",
    sql`id < ${idBefore}::uuid and created_at < ${endedBefore.toISOString()}::timestamptz
      and not exists (select from comfy.jobs j where j.batch_id = comfy.batches.id)`,
  );
  return removed;
}

/**
 * Jobs go with everything that only they explain: attempts, inputs, deliveries. What they used is added to the sums of the day in the same
 * statement, so that no reader sees it twice or not at all. Jobs that still owe a delivery stay until it is settled.
 */
async function removeSome(db: Kysely<Tables>, endedBefore: Date, idBefore: string, rowsMax: number): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    with doomed as materialized (
      select j.id from comfy.jobs j
      where j.id < ${idBefore}::uuid and j.completed_at < ${endedBefore.toISOString()}::timestamptz
        and not exists (select from comfy.outbox o where o.job_id = j.id and o.due_at is not null)
      order by j.id limit ${rowsMax} for update skip locked
    ),
    used as (delete from comfy.usage u using doomed d where u.job_id = d.id returning u.*),
    folded as (
      insert into comfy.usage_days as d (day, owner_id, key_id, kind, generations, worked_ms, wasted_ms, bytes_in, bytes_out)
      select ${dayOf}, owner_id, key_id, kind, sum(${generationsOf}), sum(worked_ms), sum(wasted_ms), sum(bytes_in), sum(bytes_out)
      from used group by 1, 2, 3, 4 order by 2, 1, 3, 4
      on conflict (owner_id, day, key_id, kind) do update set
        generations = d.generations + excluded.generations, worked_ms = d.worked_ms + excluded.worked_ms,
        wasted_ms = d.wasted_ms + excluded.wasted_ms, bytes_in = d.bytes_in + excluded.bytes_in,
        bytes_out = d.bytes_out + excluded.bytes_out
    ),
    attempt as (delete from comfy.attempts t using doomed d where t.job_id = d.id),
    input as (delete from comfy.job_inputs i using doomed d where i.job_id = d.id),
    delivery as (delete from comfy.outbox o using doomed d where o.job_id = d.id),
    job as (delete from comfy.jobs j using doomed d where j.id = d.id returning 1)
    select count(*)::integer as n from job`.execute(db);
  return rows[0]?.n ?? 0;
}
