import { type Kysely, type RawBuilder, sql } from "kysely";
import type { NewAsset } from "../../assets/asset.ts";
import { AppError } from "../../errors.ts";
import { createId } from "../../ids.ts";
import type { Job } from "../../jobs/job.ts";
import type { Finish } from "../../jobs/job-store.ts";
import { toPlace } from "./blob-place.ts";
import { isHeld } from "./hold-lease.ts";
import { type JobRow, jobColumns, toJob } from "./job-rows.ts";
import { keepOrphans } from "./orphans.ts";
import { oweDeliveries } from "./owe-deliveries.ts";
import { findJob } from "./read-jobs.ts";
import { toSpan } from "./render-span.ts";
import type { Tables } from "./tables.ts";
import { toJson, toText } from "./write-values.ts";

const TRIES = 3;

type EndedRow = JobRow & { readonly stored_outputs: JobRow["outputs"] };

/** Ends a job and gives it as it ended. The only writer of terminal states. */
export async function finishJob(db: Kysely<Tables>, finish: Finish): Promise<Job | undefined> {
  // Marks the row as ended by this very call, so that it can be recognised when the answer to the statement was lost.
  const finishId = createId();
  for (let tries = 1; ; tries++) {
    try {
      const { rows } = await toStatement(finish, finishId).execute(db);
      const [row] = rows;
      if (row) return toJob({ ...row, outputs: row.stored_outputs });
      const isOurs = tries > 1 && (await isEndedBy(db, finish.jobId, finishId));
      return isOurs ? await findJob(db, finish.jobId) : undefined;
    } catch (error) {
      const isUnknown = error instanceof AppError && error.code === "unavailable";
      if (!isUnknown || tries === TRIES) throw error;
    }
  }
}

async function isEndedBy(db: Kysely<Tables>, jobId: string, finishId: string): Promise<boolean> {
  const { rows } = await sql`
    select 1 from comfy.jobs where id = ${jobId}::uuid and finish_id = ${finishId}::uuid`.execute(db);
  return rows.length > 0;
}

/**
 * One statement: one round trip, all or nothing. Every part runs on the row that ended; without one, nothing is written. The owner's
 * row comes after the day's, in the order an accept locks them.
 */
function toStatement(finish: Finish, finishId: string): RawBuilder<EndedRow> {
  const { ending } = finish;
  return sql`
    with target as materialized (
      select j.id, j.holds_slot from comfy.jobs j where ${mayEnd(finish)} for no key update
    ),
    ended as (
      update comfy.jobs j set
        state = ${ending.state}, completed_at = clock_timestamp(), finish_id = ${finishId}::uuid,
        summary = ${ending.state === "complete" ? toJson(ending.summary) : null}::json,
        failure = ${ending.state === "complete" ? null : toJson(ending.failure)}::json,
        lease_holder = null, lease_expires_at = null, holds_slot = false, waiting_reason = null
      from target where j.id = target.id
      returning j.*, target.holds_slot as held_slot
    ),
    attempt as (${endAttempt(finish)}),
    left_behind as (select * from attempt where state = 'superseded'),
    orphan as (${keepOrphans(sql`left_behind`)}),
    ${storeOutputs(ending.state === "complete" ? ending.outputs : [])},
    spent as (${bookUsage(finish)}),
    refund as (
      update comfy.generations_per_day g set count = g.count - 1 from ended
      where ${finish.isRefunded} and g.owner_id = ended.owner_id and g.day = ended.charged_on and g.count > 0
      returning 1
    ),
    queue as (
      update comfy.owner_queue o set active = o.active - 1 from ended
      where o.owner_id = ended.owner_id and ended.held_slot and (select count(*) from refund) >= 0
    ),
    owed as (${oweDeliveries(ending.state)})
    select ${jobColumns}, ${storedOutputs} as stored_outputs from ended j`;
}

/** The files that this very statement wrote, which its own reads of the tables do not see yet. */
const storedOutputs = sql`(
  select json_agg(json_build_object(
    'id', o.id, 'ownerId', o.owner_id, 'jobId', o.job_id, 'name', o.name, 'type', o.type, 'sizeBytes', o.size_bytes,
    'sha256', o.sha256, 'createdAtMs', floor(extract(epoch from asset.created_at) * 1000)
  ) order by o.position)
  from output o join asset on asset.id = o.id)`;

/**
 * The owner is charged for the attempt that the job ended with, from when the backend began with it until it was rendered. Those before it,
 * and all of them when the generation is given back, are ours to bear. What nobody saw run costs nobody anything.
 */
function bookUsage({ attemptId, isRefunded, span }: Finish): RawBuilder<unknown> {
  const { runningAt, renderedAt } = toSpan(span, sql`ended.completed_at`);
  const took = sql`greatest(0, extract(epoch from coalesce(${renderedAt}, t.ended_at, ended.completed_at) - ${runningAt}) * 1000)`;
  // As the attempts were before this statement: the live one is ended by it.
  const isLast = sql`(t.id = ${attemptId ?? null}::uuid or t.ended_at is null)`;
  return sql`
    insert into comfy.usage (job_id, owner_id, key_id, kind, state, attempts, waited_ms, worked_ms, wasted_ms,
      bytes_in, bytes_out, is_refunded, ended_at)
    select id, owner_id, key_id, kind, state, a.n,
      extract(epoch from coalesce(started_at, completed_at) - created_at) * 1000,
      case when ${isRefunded} then 0 else a.last_ms end, a.all_ms - case when ${isRefunded} then 0 else a.last_ms end,
      (select coalesce(sum(b.size_bytes), 0) from comfy.job_inputs i
        join comfy.assets s on s.id = i.asset_id join comfy.blobs b using (sha256) where i.job_id = ended.id),
      (select coalesce(sum(size_bytes), 0) from output), ${isRefunded}, completed_at
    from ended cross join lateral (
      select count(*) as n, coalesce(sum(${took}), 0) as all_ms, coalesce(sum(${took}) filter (where ${isLast}), 0) as last_ms
      from comfy.attempts t where t.job_id = ended.id
    ) a`;
}

/**
 * A worker needs its lease. Without one, a deadline ends whatever goes on, but a cancellation only a job that waits: one that somebody
 * works on is ended by that worker, when the backend has let go of it.
 */
function mayEnd({ jobId, lease, attemptId, ending }: Finish): RawBuilder<unknown> {
  const held = lease ? sql`${isHeld(lease)}` : sql`true`;
  const waits = !lease && ending.state === "cancelled" ? sql`j.lease_holder is null` : sql`true`;
  const current = attemptId
    ? sql`exists (
        select from comfy.attempts t where t.id = ${attemptId}::uuid and t.job_id = j.id and t.state not in ('lost', 'superseded'))`
    : sql`true`;
  return sql`j.id = ${jobId}::uuid and j.completed_at is null and ${held} and ${waits} and ${current}`;
}

/** The attempt that the ending speaks of is done; any other that still lives is left behind on its backend. */
function endAttempt({ attemptId, ending, span }: Finish): RawBuilder<unknown> {
  const { runningAt, renderedAt } = toSpan(span, sql`ended.completed_at`);
  return sql`
    update comfy.attempts t set
      state = case when ${ending.state === "complete"} or t.id = ${attemptId ?? null}::uuid then 'done' else 'superseded' end,
      ended_at = clock_timestamp(), running_at = ${runningAt}, rendered_at = ${renderedAt}
    from ended where t.job_id = ended.id and t.ended_at is null
    returning t.id, t.backend_id, t.backend_epoch, t.state`;
}

function storeOutputs(outputs: readonly NewAsset[]): RawBuilder<unknown> {
  const rows = outputs.map((asset, position) => ({
    id: asset.id,
    position,
    name: toText(asset.name),
    type: toText(asset.type),
    source: asset.source,
    node: asset.node === undefined ? null : toText(asset.node),
    index: asset.index ?? null,
    sha256: asset.blob.sha256,
    size_bytes: asset.blob.sizeBytes,
    location: toText(asset.blob.location),
  }));
  // All outputs of a job go the same way, but for those that were outside already.
  const local = outputs.find(({ blob }) => blob.yieldsTo !== undefined)?.blob;
  return sql`
    output as materialized (
      select o.*, ended.id as job_id, ended.owner_id from ended, json_to_recordset(${toJson(rows)}::json) as o(
        id uuid, position integer, name text, type text, source text, node text, index integer,
        sha256 text, size_bytes bigint, location text)
    ),
    blob as (
      insert into comfy.blobs as b (sha256, size_bytes, location)
      -- Two jobs may store the same bytes at once: in one order, so that neither waits for the other.
      select distinct on (sha256) sha256, size_bytes, location from output order by sha256
      on conflict (sha256) do update set touched_at = clock_timestamp(), state = 'live', ${toPlace(local ?? {})}
    ),
    asset as (
      insert into comfy.assets (id, owner_id, job_id, sha256, name, type, source, node, index, position)
      select id, owner_id, job_id, sha256, name, type, source, node, index, position from output
      returning id, created_at
    )`;
}
