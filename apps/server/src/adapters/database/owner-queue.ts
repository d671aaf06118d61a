import { type Kysely, sql } from "kysely";
import { isPostponed, isWaiting, now } from "./job-rows.ts";
import type { Tables } from "./tables.ts";

const hasNoneWaiting = sql`not exists (select from comfy.jobs j where j.owner_id = o.owner_id and ${isWaiting})`;

/** Where owners stand who wait. One who joins them starts there, or it would be served alone until it had caught up. */
export const vtimeFloor = sql`coalesce((select min(vtime) from comfy.owner_queue where has_waiting), 0)`;

/** Puts the owner `o` among those who wait: assignments of an update. */
export const joinQueue = sql`
  has_waiting = true, vtime = case when o.has_waiting then o.vtime else greatest(o.vtime, ${vtimeFloor}) end`;

/**
 * Takes owners without waiting jobs out of the queue. The rows are locked first and looked at again in a later statement: a job that was
 * accepted in between is visible to that one, and one that is being accepted puts its owner back. That takes `for update`: an accept locks
 * its owner's row `for key share`, which lets other accepts, claims and endings pass.
 */
export async function settleIdleOwners(db: Kysely<Tables>): Promise<void> {
  const { rows } = await sql`
    select 1 from comfy.owner_queue o where o.has_waiting and ${hasNoneWaiting} limit 1`.execute(db);
  if (rows.length === 0) return;
  await db.transaction().execute(async (trx) => {
    const { rows: idle } = await sql<{ owner_id: string }>`
      select o.owner_id from comfy.owner_queue o where o.has_waiting and ${hasNoneWaiting}
      limit 1000 for update of o skip locked`.execute(trx);
    const ids = idle.map(({ owner_id }) => owner_id);
    await sql`
      update comfy.owner_queue o set has_waiting = false
      where o.owner_id = any(${ids}::text[]) and ${hasNoneWaiting}`.execute(trx);
  });
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
      select o.owner_id from comfy.owner_queue o where o.owner_id in (select owner_id from woken)
      -- In one order, so that two who wake do not wait for each other.
      order by o.owner_id for no key update
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

/** Counts anew how many slots each owner holds and whether jobs wait. The rows are the truth, the counters a short cut to it. */
export async function repairOwnerQueue(db: Kysely<Tables>): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await sql`select 1 from comfy.owner_queue order by owner_id for update`.execute(trx);
    await sql`
      update comfy.owner_queue o set active = c.active, has_waiting = c.has_waiting
      from (
        select o.owner_id,
          (select count(*)::integer from comfy.jobs j
            where j.owner_id = o.owner_id and j.lease_holder is not null and j.holds_slot) as active,
          exists (select from comfy.jobs j where j.owner_id = o.owner_id and ${isWaiting}) as has_waiting
        from comfy.owner_queue o
      ) c
      where o.owner_id = c.owner_id and (o.active, o.has_waiting) is distinct from (c.active, c.has_waiting)`.execute(
      trx,
    );
  });
}
