import { type Kysely, sql } from "kysely";
import { isPostponed, isWaiting, now } from "./job-rows.ts";
import type { Tables } from "./tables.ts";

const hasNoneWaiting = sql`not exists (select from comfy.jobs j where j.owner_id = o.owner_id and ${isWaiting})`;

/** Longer than any statement may take: what was accepted by somebody who saw the owner in the queue is visible by then. */
const IDLE = sql`interval '30 seconds'`;

/** Where owners stand who wait. One who joins them starts there, or it would be served alone until it had caught up. */
export const vtimeFloor = sql`coalesce((select min(vtime) from comfy.owner_queue where has_waiting), 0)`;

/** Puts the owner `o` among those who wait: assignments of an update. */
export const joinQueue = sql`
  has_waiting = true, idle_since = null,
  vtime = case when o.has_waiting then o.vtime else greatest(o.vtime, ${vtimeFloor}) end`;

/**
 * Takes owners without waiting jobs out of the queue, in two steps. They are marked first; whoever sees the mark and adds a job removes
 * it. Those still marked after a while leave. Until then claims look at them in vain, which costs little, and nobody waits for a lock.
 */
export async function settleIdleOwners(db: Kysely<Tables>): Promise<void> {
  const isLongIdle = sql`o.idle_since < ${now} - ${IDLE}`;
  await sql`
    with look as materialized (
      select o.owner_id, h.has_none from comfy.owner_queue o cross join lateral (select ${hasNoneWaiting} as has_none) h
      where o.has_waiting
        and case when h.has_none then o.idle_since is null or ${isLongIdle} else o.idle_since is not null end
      limit 1000 for no key update of o skip locked
    )
    update comfy.owner_queue o set
      has_waiting = not (look.has_none and coalesce(${isLongIdle}, false)),
      idle_since = case when not look.has_none or ${isLongIdle} then null else coalesce(o.idle_since, ${now}) end
    from look where o.owner_id = look.owner_id`.execute(db);
}

const WAKE_MAX = 500;

/** Lets postponed jobs wait with the others again: those that are due, or all of them. Gives how many, {@link WAKE_MAX} at the most. */
async function wakeJobs(db: Kysely<Tables>, which: "due" | "all"): Promise<number> {
  const isDue = which === "due" ? sql`j.run_after <= ${now}` : sql`true`;
  const { rows } = await sql<{ count: number }>`
    with chosen as materialized (
      select j.id from comfy.jobs j where ${isPostponed} and ${isDue}
      order by j.run_after limit ${WAKE_MAX} for no key update skip locked
    ),
    woken as (
      update comfy.jobs j set is_postponed = false, run_after = least(j.run_after, clock_timestamp())
      from chosen where j.id = chosen.id returning j.owner_id
    ),
    owners as materialized (
      select o.owner_id from (select distinct owner_id from woken) w join comfy.owner_queue o using (owner_id)
      -- In one order, so that two who wake do not wait for each other.
      order by o.owner_id for no key update of o
    ),
    queue as (update comfy.owner_queue o set ${joinQueue} from owners where o.owner_id = owners.owner_id)
    select count(*) as count from woken`.execute(db);
  return rows[0]?.count ?? 0;
}

export const wakeDueJobs = (db: Kysely<Tables>): Promise<number> => wakeJobs(db, "due");

/** In several transactions: many thousand jobs may have waited for the same model. */
export async function wakePostponedJobs(db: Kysely<Tables>): Promise<number> {
  let total = 0;
  for (;;) {
    const count = await wakeJobs(db, "all");
    total += count;
    if (count < WAKE_MAX) return total;
  }
}

/**
 * Counts anew how many slots each owner holds and whether jobs wait. The rows are the truth, the counters a short cut to it. Who leaves
 * the queue is decided by {@link settleIdleOwners} alone.
 */
export async function repairOwnerQueue(db: Kysely<Tables>): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await sql`select 1 from comfy.owner_queue order by owner_id for no key update`.execute(trx);
    await sql`
      update comfy.owner_queue o set active = c.active, has_waiting = o.has_waiting or c.has_waiting
      from (
        select o.owner_id,
          (select count(*)::integer from comfy.jobs j
            where j.owner_id = o.owner_id and j.lease_holder is not null and j.holds_slot) as active,
          exists (select from comfy.jobs j where j.owner_id = o.owner_id and ${isWaiting}) as has_waiting
        from comfy.owner_queue o
      ) c
      where o.owner_id = c.owner_id and (o.active <> c.active or c.has_waiting and not o.has_waiting)`.execute(trx);
  });
}
