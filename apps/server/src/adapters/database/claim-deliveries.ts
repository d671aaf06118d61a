import type { WebhookEventType } from "@comfy/contracts";
import { type Kysely, type RawBuilder, sql } from "kysely";
import type { ClaimDeliveries, OwedDelivery } from "../../jobs/outbox.ts";
import { fromNow, now } from "./job-rows.ts";
import type { Tables } from "./tables.ts";
import { toText } from "./write-values.ts";

/** Under way at once to one target; to one that owes us an answer to an earlier try; to all targets of one owner. */
const PER_TARGET = 4;
const PER_FAILING_TARGET = 2;
const PER_OWNER = 8;

/** How long a replaced secret signs along. */
export const SECRET_OVERLAP = sql`interval '24 hours'`;

interface OwedRow {
  readonly id: string;
  readonly lease_epoch: number;
  readonly owner_id: string;
  readonly event: WebhookEventType;
  readonly job_id: string | null;
  readonly url: string;
  readonly endpoint_id: string | null;
  readonly secret_versions: number[] | null;
  readonly secret_enc: Uint8Array | null;
  readonly key_id: string | null;
  readonly created_at: Date;
  readonly tries: number;
  readonly since_first_try_ms: number;
}

/**
 * A claimed delivery is due again when the lease ends, so that one whose process died is sent by another. Targets are iterated, not
 * deliveries: ten thousand owed to a receiver that hangs cost one look, and the rest of the line moves past them.
 */
export async function claimDeliveries(
  db: Kysely<Tables>,
  { holder, count, leaseMs }: ClaimDeliveries,
): Promise<OwedDelivery[]> {
  const { rows } = await sql<OwedRow>`
    with recursive ${candidates},
    picked as materialized (
      select o.id, o.endpoint_id from comfy.outbox o join fair f on f.id = o.id
      where o.due_at <= ${now} and f.owner_place <= ${PER_OWNER} - f.owner_under_way
      order by f.place, f.due_at limit ${count} for no key update of o skip locked
    )
    update comfy.outbox o set
      due_at = ${fromNow(leaseMs)}, holder = ${toText(holder)}, lease_epoch = o.lease_epoch + 1,
      first_tried_at = coalesce(o.first_tried_at, clock_timestamp())
    from picked p left join comfy.webhook_endpoints e on e.id = p.endpoint_id
    where o.id = p.id and (p.endpoint_id is null or e.is_enabled)
    returning o.id, o.lease_epoch, o.owner_id, o.event, o.job_id, coalesce(e.url, o.url) as url, o.endpoint_id,
      ${secretVersions} as secret_versions, e.secret_enc, ${keyOfCallback} as key_id, o.created_at, o.tries,
      extract(epoch from clock_timestamp() - o.first_tried_at)::float8 * 1000 as since_first_try_ms`.execute(db);
  return rows.map(toOwed);
}

/**
 * `fair`: of each target as many due deliveries as it has room for. The places take turns: the first of each target goes before the
 * second of any. Everybody who looks at the same moment sees the same candidates, so that two processes do not both fill the room.
 */
const candidates: RawBuilder<unknown> = sql`
  targets as (
    (select target from comfy.outbox where due_at is not null and exists (select from comfy.outbox where due_at <= ${now})
      order by target limit 1)
    union all
    select (select o.target from comfy.outbox o where o.due_at is not null and o.target > t.target order by o.target limit 1)
    from targets t where t.target is not null
  ),
  room as (
    select t.target, case when exists (
        select from comfy.outbox f
        where f.target = t.target and f.due_at is not null and f.holder is null and f.first_tried_at is not null
      ) then ${PER_FAILING_TARGET}::bigint else ${PER_TARGET}::bigint end - (
        select count(*) from comfy.outbox s where s.target = t.target and s.holder is not null and s.due_at > ${now}
      ) as free
    from targets t where t.target is not null
  ),
  due as (
    select d.*, row_number() over (partition by d.target order by d.due_at, d.id) as place
    from room cross join lateral (
      select o.id, o.owner_id, o.target, o.due_at from comfy.outbox o
      where o.target = room.target and o.due_at <= ${now} order by o.due_at, o.id limit greatest(room.free, 0)
    ) d
  ),
  fair as materialized (
    select d.id, d.place, d.due_at, row_number() over (partition by d.owner_id order by d.place, d.due_at) as owner_place, (
        select count(*) from comfy.outbox s where s.owner_id = d.owner_id and s.holder is not null and s.due_at > ${now}
      ) as owner_under_way
    from due d
  )`;

/** The version that signs and those it replaced within the overlap, newest first; null without an endpoint. */
const secretVersions: RawBuilder<unknown> = sql`
  case when e.id is not null then array(
    select e.secret_version - i from generate_series(0, cardinality(e.secret_rotations)) i
    where i = 0 or e.secret_rotations[i] > clock_timestamp() - ${SECRET_OVERLAP} order by i
  ) end`;

/** Callbacks are signed with what is derived from the secret of the key that made the job. */
const keyOfCallback: RawBuilder<unknown> = sql`
  case when o.endpoint_id is null then (select j.key_id from comfy.jobs j where j.id = o.job_id) end`;

function toOwed(row: OwedRow): OwedDelivery {
  return {
    id: row.id,
    leaseEpoch: row.lease_epoch,
    ownerId: row.owner_id,
    event: row.event,
    ...(row.job_id !== null && { jobId: row.job_id }),
    url: row.url,
    ...(row.endpoint_id !== null && {
      endpoint: {
        id: row.endpoint_id,
        secretVersions: row.secret_versions ?? [],
        ...(row.secret_enc && { secretSealed: row.secret_enc }),
      },
    }),
    ...(row.key_id !== null && { keyId: row.key_id }),
    createdAtMs: row.created_at.getTime(),
    tries: row.tries,
    sinceFirstTryMs: row.since_first_try_ms,
  };
}
