import type { JobProgress } from "@comfy/contracts";
import { type Kysely, sql } from "kysely";
import type { Lease } from "../../jobs/job.ts";
import { fromNow } from "./job-rows.ts";
import { joinQueue, repairOwnerQueue, type wakeDueJobs } from "./owner-queue.ts";
import type { Tables } from "./tables.ts";
import { toJson, toText } from "./write-values.ts";

/** The job `j` is held under this lease. An expired lease holds until somebody else claims the job. */
export const isHeld = ({ jobId, epoch }: Lease) =>
  sql`j.id = ${jobId}::uuid and j.lease_epoch = ${epoch}::integer and j.lease_holder is not null`;

/** True, and the statement is committed without waiting for the disk: a power cut may undo it, nothing else. */
export const mayBeLost = sql`(select set_config('synchronous_commit', 'off', true)) is not null`;

export async function renewLeases(db: Kysely<Tables>, leases: readonly Lease[], leaseMs: number): Promise<Lease[]> {
  if (leases.length === 0) return [];
  const { rows } = await sql<{ id: string; lease_epoch: number }>`
    update comfy.jobs j set lease_expires_at = ${fromNow(leaseMs)}
    from json_to_recordset(${toJson(leases)}::json) as l("jobId" uuid, epoch integer)
    where j.id = l."jobId" and j.lease_epoch = l.epoch and j.lease_holder is not null
    returning j.id, j.lease_epoch`.execute(db);
  return rows.map(({ id, lease_epoch }) => ({ jobId: id, epoch: lease_epoch }));
}

/** Gives the job and its owner's slot back. With a delay it is out of the queue until {@link wakeDueJobs} finds it due. */
export async function postponeJob(
  db: Kysely<Tables>,
  lease: Lease,
  { reason, delayMs }: { reason: string; delayMs: number },
): Promise<boolean> {
  const { rows } = await sql`
    with held as materialized (
      select j.id, j.owner_id, j.holds_slot from comfy.jobs j where ${isHeld(lease)} for no key update
    ),
    given_back as (
      update comfy.jobs j set
        state = 'pending', lease_holder = null, lease_expires_at = null, holds_slot = false,
        waiting_reason = ${toText(reason)}, is_postponed = ${delayMs > 0}, run_after = ${fromNow(delayMs)}
      from held where j.id = held.id
      returning held.owner_id, held.holds_slot
    ),
    queue as (
      update comfy.owner_queue o set
        active = o.active - case when g.holds_slot then 1 else 0 end ${delayMs > 0 ? sql`` : sql`, ${joinQueue}`}
      from given_back g where o.owner_id = g.owner_id ${delayMs > 0 ? sql`and g.holds_slot` : sql``}
    )
    select 1 from given_back`.execute(db);
  return rows.length > 0;
}

export async function setJobState(db: Kysely<Tables>, lease: Lease, state: "running" | "collecting"): Promise<boolean> {
  const { rows } = await sql`
    update comfy.jobs j set state = ${state}, started_at = coalesce(j.started_at, clock_timestamp())
    where ${isHeld(lease)} returning 1`.execute(db);
  return rows.length > 0;
}

export async function saveJobProgress(db: Kysely<Tables>, lease: Lease, progress: JobProgress): Promise<void> {
  await sql`update comfy.jobs j set progress = ${toJson(progress)}::json where ${mayBeLost} and ${isHeld(lease)}`.execute(
    db,
  );
}

export async function pinJobInput(db: Kysely<Tables>, lease: Lease, slot: string, assetId: string): Promise<void> {
  await sql`
    insert into comfy.job_inputs (job_id, slot, asset_id)
    select j.id, ${slot}, ${assetId}::uuid from comfy.jobs j where ${isHeld(lease)}
    on conflict (job_id, slot) do nothing`.execute(db);
}

export async function releaseJobLeases(db: Kysely<Tables>): Promise<number> {
  await repairOwnerQueue(db);
  const { rows } = await sql`
    update comfy.jobs set lease_expires_at = clock_timestamp() - interval '1 second'
    where lease_holder is not null returning 1`.execute(db);
  return rows.length;
}
