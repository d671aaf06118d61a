import { type Kysely, sql } from "kysely";
import { isWaiting } from "./job-rows.ts";
import type { Tables } from "./tables.ts";

const hasNoneWaiting = sql`not exists (select from comfy.jobs j where j.owner_id = o.owner_id and ${isWaiting})`;

/**
 * Takes owners without waiting jobs out of the queue. The rows are locked first and looked at again in a later statement: a job that was
 * accepted in between is visible to that one, and one that is being accepted puts its owner back.
 */
export async function settleIdleOwners(db: Kysely<Tables>): Promise<void> {
  const { rows } = await sql`
    select 1 from comfy.owner_queue o where o.has_waiting and ${hasNoneWaiting} limit 1`.execute(db);
  if (rows.length === 0) return;
  await db.transaction().execute(async (trx) => {
    const { rows: idle } = await sql<{ owner_id: string }>`
      select o.owner_id from comfy.owner_queue o where o.has_waiting and ${hasNoneWaiting}
      limit 1000 for no key update of o skip locked`.execute(trx);
    const ids = idle.map(({ owner_id }) => owner_id);
    await sql`
      update comfy.owner_queue o set has_waiting = false
      where o.owner_id = any(${ids}::text[]) and ${hasNoneWaiting}`.execute(trx);
  });
}

/** Counts anew how many slots each owner holds and whether jobs wait. The rows are the truth, the counters a short cut to it. */
export async function repairOwnerQueue(db: Kysely<Tables>): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await sql`select 1 from comfy.owner_queue order by owner_id for no key update`.execute(trx);
    await sql`
      update comfy.owner_queue o set active = c.active, has_waiting = c.has_waiting
      from (
        select o.owner_id,
          (select count(*)::integer from comfy.jobs j where j.owner_id = o.owner_id and j.holds_slot) as active,
          exists (select from comfy.jobs j where j.owner_id = o.owner_id and ${isWaiting}) as has_waiting
        from comfy.owner_queue o
      ) c
      where o.owner_id = c.owner_id and (o.active, o.has_waiting) is distinct from (c.active, c.has_waiting)`.execute(
      trx,
    );
  });
}
