import { type Kysely, type RawBuilder, sql } from "kysely";
import type { Claim, ClaimedJob } from "../../jobs/job-store.ts";
import {
  type AttemptJson,
  attemptJson,
  fromNow,
  isWaiting,
  type JobRow,
  jobColumns,
  now,
  type PastAttemptsJson,
  pastAttemptsJson,
  toJob,
} from "./job-rows.ts";
import { settleIdleOwners, wakeDueJobs } from "./owner-queue.ts";
import type { Tables } from "./tables.ts";
import { toText } from "./write-values.ts";

interface ClaimRow extends JobRow {
  readonly lease_epoch: number;
  readonly inputs: Readonly<Record<string, string>> | null;
  readonly live_attempt: AttemptJson | null;
  readonly past_attempts: PastAttemptsJson;
}

/** The columns of a {@link ClaimRow} from `comfy.jobs j`. */
const claimColumns = sql`
  ${jobColumns}, j.lease_epoch,
  (select json_object_agg(i.slot, i.asset_id) from comfy.job_inputs i where i.job_id = j.id) as inputs,
  (select ${attemptJson} from comfy.attempts t where t.job_id = j.id and t.ended_at is null) as live_attempt,
  ${pastAttemptsJson} as past_attempts`;

/** Takes jobs that may run. When there are fewer than asked for, postponed ones that are due are looked for, and owners without work leave the queue. */
export async function claimJobs(db: Kysely<Tables>, claim: Claim): Promise<ClaimedJob[]> {
  if (claim.count <= 0) return [];
  if (claim.isInheritance) return (await takeOver(claim).execute(db)).rows.map(toClaimedJob);
  const { rows } = await toStatement(claim).execute(db);
  const count = claim.count - rows.length;
  if (count > 0 && (await wakeDueJobs(db)) > 0) rows.push(...(await toStatement({ ...claim, count }).execute(db)).rows);
  if (rows.length < claim.count) await settleIdleOwners(db);
  return rows.sort((a, b) => a.seq - b.seq).map(toClaimedJob);
}

/**
 * Jobs whose holder vanished come first: they were promised earlier, and their owners' slots are taken already. Then owners that have room
 * are iterated by virtual time, one turn each. Owners with a limit are locked, so that two processes never count the same room; those
 * without one are not. Nothing here waits for a lock, so nothing deadlocks.
 */
function toStatement({ holder, count, leaseMs, backends, unfit = [] }: Claim): RawBuilder<ClaimRow> {
  // Twice as many as are wanted: some may be taken by another process at this moment.
  const candidates = 2 * count;
  const hasWork = sql`o.has_waiting and exists (select from (${toFitNeeds(unfit)}) n)`;
  return sql`
    with expired as materialized (${findInheritable(backends, count)}),
    limited as materialized (
      select o.owner_id, o.vtime, o.weight, true as is_limited, o.concurrent_jobs - o.active as room
      from comfy.owner_queue o
      where o.active < o.concurrent_jobs and ${hasWork}
      order by o.vtime limit ${count} for no key update of o skip locked
    ),
    unlimited as materialized (
      select o.owner_id, o.vtime, o.weight, false as is_limited, ${candidates}::integer as room
      from comfy.owner_queue o
      where o.concurrent_jobs is null and ${hasWork}
      order by o.vtime limit ${count}
    ),
    next as materialized (
      select w.id, o.owner_id, o.is_limited,
        o.vtime + row_number() over (partition by o.owner_id order by w.priority desc, w.seq) / o.weight as turn
      from (select * from limited union all select * from unlimited) o
      cross join lateral (
        select f.* from (${toFitNeeds(unfit)}) n cross join lateral (
          select j.id, j.priority, j.seq from comfy.jobs j
          where j.owner_id = o.owner_id and j.needs = n.needs and ${isWaiting}
          order by j.priority desc, j.seq limit least(o.room, ${candidates}::integer)
        ) f
        order by f.priority desc, f.seq limit least(o.room, ${candidates}::integer)
      ) w
    ),
    chosen as materialized (
      select n.id, n.owner_id, n.is_limited
      from (select * from next order by turn limit ${candidates}::integer) n
      -- One look-up for each, in this order: joined as a whole, the plan may read every job that waits.
      cross join lateral (
        select from comfy.jobs j where j.id = n.id and ${isWaiting} for no key update skip locked
      ) locked
      limit ${count}::integer - (select count(*) from expired)
    ),
    share as materialized (
      select owner_id, is_limited, count(*)::integer as jobs from chosen group by owner_id, is_limited
    ),
    locked as materialized (
      select owner_id from limited
      union all
      select owner_id from (
        select o.owner_id from share s join comfy.owner_queue o on o.owner_id = s.owner_id
        where not s.is_limited for no key update of o skip locked
      ) unlimited_locked
    ),
    served as (${serveOwners}),
    taken as materialized (
      select id, null::boolean as is_limited from expired union all select id, is_limited from chosen
    )
    update comfy.jobs j set
      lease_epoch = j.lease_epoch + 1, lease_holder = ${toText(holder)}, lease_expires_at = ${fromNow(leaseMs)},
      holds_slot = coalesce(t.is_limited, j.holds_slot), waiting_reason = null
    from taken t where j.id = t.id
    returning ${claimColumns}`;
}

/**
 * The words of what the waiting jobs of the owner `o` need, without those that nothing here can serve. Hops from word to word in the
 * index: 100,000 jobs of one word cost as much as one.
 */
function toFitNeeds(unfit: readonly string[]): RawBuilder<unknown> {
  const next = (after: RawBuilder<unknown>) => sql`
    (select j.needs from comfy.jobs j where j.owner_id = o.owner_id and ${isWaiting} and ${after} order by j.needs limit 1)`;
  const isFit = unfit.length > 0 ? sql`hop.needs <> all(${unfit}::text[])` : sql`true`;
  return sql`
    with recursive hop as (
      select ${next(sql`true`)} as needs
      union all
      select ${next(sql`j.needs > hop.needs`)} from hop where hop.needs is not null
    )
    select hop.needs from hop where hop.needs is not null and ${isFit}`;
}

/** What is on a backend already needs no room, so it is taken up however busy the backend is, and though it be away. */
function takeOver({ holder, count, leaseMs, backends }: Claim): RawBuilder<ClaimRow> {
  return sql`
    with expired as materialized (
      select j.id from comfy.jobs j where j.lease_holder is not null and j.lease_expires_at < ${now} and exists (
        select from comfy.attempts t
        where t.job_id = j.id and t.ended_at is null and t.backend_id = any(${backends?.owned ?? []}::text[]))
      order by j.lease_expires_at limit ${count} for no key update skip locked
    )
    update comfy.jobs j set
      lease_epoch = j.lease_epoch + 1, lease_holder = ${toText(holder)}, lease_expires_at = ${fromNow(leaseMs)},
      waiting_reason = null
    from expired where j.id = expired.id
    returning ${claimColumns}`;
}

/** A prompt that an earlier holder left on a configured backend is taken up by the owner of that backend. */
function findInheritable(backends: Claim["backends"], count: number): RawBuilder<unknown> {
  const isOurs = backends
    ? sql`not exists (
        select from comfy.attempts t where t.job_id = j.id and t.ended_at is null
          and t.backend_id = any(${backends.configured}::text[]) and t.backend_id <> all(${backends.owned}::text[]))`
    : sql`true`;
  return sql`
    select j.id from comfy.jobs j where j.lease_holder is not null and j.lease_expires_at < ${now} and ${isOurs}
    order by j.lease_expires_at limit ${count} for no key update skip locked`;
}

/**
 * Books what owners were given. The row of one without a limit is not locked yet: if another process has it, the turn is not counted.
 *
 * A row that changed since the statement began is looked at again when it is locked, and what is then read from a subquery is computed
 * once more, with another result: all that decides is joined.
 */
const serveOwners = sql`
  update comfy.owner_queue o set
    active = o.active + case when s.is_limited then s.jobs else 0 end,
    vtime = o.vtime + s.jobs / o.weight
  from share s join locked on locked.owner_id = s.owner_id
  where o.owner_id = s.owner_id`;

function toClaimedJob(row: ClaimRow): ClaimedJob {
  return {
    job: toJob(row),
    lease: { jobId: row.id, epoch: row.lease_epoch },
    ...(row.live_attempt && { liveAttempt: row.live_attempt }),
    pastAttempts: row.past_attempts ?? [],
    inputs: row.inputs ?? {},
  };
}
