import { type Kysely, sql } from "kysely";
import type { BackendLeases, HeldBackend } from "../../generation/backend-leases.ts";
import { fromNow } from "./job-rows.ts";
import type { Tables } from "./tables.ts";
import { toText } from "./write-values.ts";

interface LeaseRow {
  readonly backend_id: string;
  readonly epoch: number;
  readonly is_surplus: boolean;
}

type HoldOptions = Parameters<BackendLeases["hold"]>[0];

export function createBackendLeases(db: Kysely<Tables>): BackendLeases {
  return {
    async hold(options) {
      await knowBackends(db, options.configured);
      return renewAndTake(db, options);
    },
    async letGo(holder) {
      await sql`
        with gone as (delete from comfy.holders where holder = ${toText(holder)})
        update comfy.backend_leases set holder = null, expires_at = clock_timestamp()
        where holder = ${toText(holder)}`.execute(db);
    },
    async takeAll({ holder, configured, leaseMs }) {
      await knowBackends(db, configured);
      const { rows } = await sql<LeaseRow>`
        with dead as (delete from comfy.holders where holder <> ${toText(holder)})
        update comfy.backend_leases set
          epoch = epoch + case when holder = ${toText(holder)} then 0 else 1 end,
          holder = ${toText(holder)}, expires_at = ${fromNow(leaseMs)}
        where backend_id = any(${configured.map(toText)}::text[])
        returning backend_id, epoch, false as is_surplus`.execute(db);
      return rows.map(toHeld);
    },
  };
}

/** Makes a row for each backend that was never seen, so that all of them can be locked. */
async function knowBackends(db: Kysely<Tables>, configured: readonly string[]): Promise<void> {
  await sql`
    insert into comfy.backend_leases (backend_id, epoch, expires_at)
    select id, 0, '-infinity' from unnest(${configured.map(toText)}::text[]) id
    where not exists (select from comfy.backend_leases l where l.backend_id = id)
    on conflict do nothing`.execute(db);
}

/**
 * One statement. Two processes that want the same free backend never both get it: the row is locked, looked at again, and whoever comes
 * second passes it by.
 */
async function renewAndTake(db: Kysely<Tables>, options: HoldOptions): Promise<HeldBackend[]> {
  const holder = toText(options.holder);
  const wanted = sql`
    l.backend_id = any(${options.configured.map(toText)}::text[])
    and l.backend_id <> all(${(options.release ?? []).map(toText)}::text[])`;
  const { rows } = await sql<LeaseRow>`
    with beat as (
      insert into comfy.holders (holder, capacity, expires_at)
      values (${holder}, ${options.capacity ?? null}::integer, ${fromNow(options.leaseMs)})
      on conflict (holder) do update set capacity = excluded.capacity, expires_at = excluded.expires_at
    ),
    share as materialized (
      select least(${options.capacity ?? null}::integer, ceil(${options.configured.length}::integer / (count(*) + 1.0)))::integer as n
      from comfy.holders
      where holder <> ${holder} and expires_at > clock_timestamp() and capacity is distinct from 0
    ),
    given_back as (
      update comfy.backend_leases l set holder = null, expires_at = clock_timestamp()
      where l.holder = ${holder} and not (${wanted})
    ),
    kept as (
      update comfy.backend_leases l set expires_at = ${fromNow(options.leaseMs)}
      where l.holder = ${holder} and ${wanted}
      returning l.backend_id, l.epoch
    ),
    free as materialized (
      select l.backend_id from comfy.backend_leases l
      where ${wanted} and (l.holder is null or (l.holder <> ${holder} and l.expires_at < clock_timestamp()))
      -- Each holder in an order of its own, so that two do not run into each other at every backend.
      order by md5(l.backend_id || ${holder})
      limit greatest((select n from share) - (select count(*) from kept), 0)
      for no key update skip locked
    ),
    taken as (
      update comfy.backend_leases l set
        holder = ${holder}, epoch = l.epoch + 1, expires_at = ${fromNow(options.leaseMs)}
      from free where l.backend_id = free.backend_id
      returning l.backend_id, l.epoch
    )
    select backend_id, epoch, row_number() over (order by md5(backend_id || ${holder})) > (select n from share) as is_surplus
    from (select * from kept union all select * from taken) held
    order by backend_id`.execute(db);
  return rows.map(toHeld);
}

function toHeld({ backend_id, epoch, is_surplus }: LeaseRow): HeldBackend {
  return { backendId: backend_id, epoch, ...(is_surplus && { isSurplus: true }) };
}
