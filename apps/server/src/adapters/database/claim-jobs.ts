import { type Kysely, type RawBuilder, sql } from "kysely";
import type { ClaimedJob, JobStore } from "../../jobs/job-store.ts";
import { type AttemptJson, attemptJson, fromNow, isWaiting, type JobRow, jobColumns, now, toJob } from "./job-rows.ts";
import { settleIdleOwners } from "./owner-queue.ts";
import type { Tables } from "./tables.ts";
import { toText } from "./write-values.ts";

type ClaimOptions = Parameters<JobStore["claim"]>[0];

interface ClaimRow extends JobRow {
  readonly seq: number;
  readonly lease_epoch: number;
  /** Taken over from a holder that vanished. */
  readonly is_inherited: boolean;
  readonly inputs: Readonly<Record<string, string>> | null;
  readonly live_attempt: AttemptJson | null;
}

/** The columns of a {@link ClaimRow} from `comfy.jobs j`. */
const claimColumns = sql`
  ${jobColumns}, j.seq, j.lease_epoch,
  (select json_object_agg(i.slot, i.asset_id) from comfy.job_inputs i where i.job_id = j.id) as inputs,
  (select ${attemptJson} from comfy.attempts t where t.job_id = j.id and t.state in ('intended', 'sent', 'acked')) as live_attempt`;

/** Takes jobs that may run. When none waits, owners without work leave the queue on the way. */
export async function claimJobs(db: Kysely<Tables>, options: ClaimOptions): Promise<ClaimedJob[]> {
  if (options.count <= 0) return [];
  const { rows } = await toStatement(options).execute(db);
  if (!rows.some(({ is_inherited }) => !is_inherited)) await settleIdleOwners(db);
  return rows.sort((a, b) => a.seq - b.seq).map(toClaimedJob);
}

/**
 * Jobs whose holder vanished come first: they were promised earlier, and their owners' slots are taken already. Then owners that have room
 * are iterated by virtual time, one turn each. Owners with a limit are locked, so that two processes never count the same room; those
 * without one are not. Nothing here waits for a lock, so nothing deadlocks.
 */
function toStatement({ holder, count, leaseMs }: ClaimOptions): RawBuilder<ClaimRow> {
  const hasWork = sql`o.has_waiting and exists (
    select from comfy.jobs j where j.owner_id = o.owner_id and ${isWaiting} and j.run_after <= ${now})`;
  return sql`
    with expired as materialized (
      select id from comfy.jobs
      where lease_holder is not null and lease_expires_at < ${now}
      order by lease_expires_at limit ${count} for no key update skip locked
    ),
    limited as materialized (
      select o.owner_id, o.vtime, o.weight, true as is_limited, o.concurrent_jobs - o.active as room
      from comfy.owner_queue o
      where o.active < o.concurrent_jobs and ${hasWork}
      order by o.vtime limit ${count} for no key update of o skip locked
    ),
    unlimited as materialized (
      select o.owner_id, o.vtime, o.weight, false as is_limited, ${count}::integer as room
      from comfy.owner_queue o
      where o.concurrent_jobs is null and ${hasWork}
      order by o.vtime limit ${count}
    ),
    next as materialized (
      select w.id, o.owner_id, o.is_limited,
        o.vtime + row_number() over (partition by o.owner_id order by w.priority desc, w.seq) / o.weight as turn
      from (select * from limited union all select * from unlimited) o
      cross join lateral (
        select j.id, j.priority, j.seq from comfy.jobs j
        where j.owner_id = o.owner_id and ${isWaiting} and j.run_after <= ${now}
        order by j.priority desc, j.seq limit least(o.room, ${count}::integer) for no key update skip locked
      ) w
    ),
    chosen as materialized (
      select * from next order by turn limit ${count}::integer - (select count(*) from expired)
    ),
    served as (${serveOwners})
    update comfy.jobs j set
      lease_epoch = j.lease_epoch + 1, lease_holder = ${toText(holder)}, lease_expires_at = ${fromNow(leaseMs)},
      holds_slot = coalesce(t.is_limited, j.holds_slot), waiting_reason = null
    from (select id, null::boolean as is_limited from expired union all select id, is_limited from chosen) t
    where j.id = t.id
    returning ${claimColumns}, t.is_limited is null as is_inherited`;
}

/** Books what owners were given. The row of one without a limit is not locked yet: if another process has it, the turn is not counted. */
const serveOwners = sql`
  update comfy.owner_queue o set
    active = o.active + case when s.is_limited then s.jobs else 0 end,
    vtime = o.vtime + s.jobs / o.weight
  from (select owner_id, is_limited, count(*)::integer as jobs from chosen group by owner_id, is_limited) s
  where o.owner_id = s.owner_id and o.owner_id in (
    select l.owner_id from comfy.owner_queue l where l.owner_id in (select owner_id from chosen)
    for no key update skip locked
  )`;

function toClaimedJob(row: ClaimRow): ClaimedJob {
  return {
    job: toJob(row),
    lease: { jobId: row.id, epoch: row.lease_epoch },
    ...(row.live_attempt && { liveAttempt: row.live_attempt }),
    inputs: row.inputs ?? {},
  };
}
