import { createHash } from "node:crypto";
import { type RawBuilder, sql } from "kysely";
import type { Acceptance } from "../../jobs/job-store.ts";
import { joinQueue, vtimeFloor } from "./owner-queue.ts";
import { toText } from "./write-values.ts";

/** What an accept says besides the rows it wrote. */
export interface Refusal {
  readonly is_fresh: boolean;
  readonly known_job_id: string | null;
  readonly known_batch_id: string | null;
  readonly known_fingerprint: string | null;
  readonly retried_id: string | null;
  readonly inputs_found: number;
  readonly next_day: Date;
}

/** Who asks, with what right, for how much: what a single job and a batch have in common. */
export type Request = Pick<
  Acceptance,
  "ownerId" | "signature" | "idempotency" | "generationsPerDay" | "concurrentJobs" | "weight" | "retryOf"
> & {
  readonly jobCount: number;
  /** The assets that it refers to, each once. */
  readonly inputIds: readonly string[];
};

/** The assets that these acceptances refer to, each once. */
export function toInputIds(acceptances: readonly Pick<Acceptance, "inputs">[]): string[] {
  return [...new Set(acceptances.flatMap(({ inputs }) => Object.values(inputs)))];
}

/**
 * The part that may refuse, which the rest runs on: one row of `allowed` when all is well. Each step runs on the rows of the step before,
 * which fixes the order of locks: signature, day, owner.
 */
export function allowRequest(request: Request): RawBuilder<unknown> {
  const { ownerId, inputIds, retryOf, jobCount, generationsPerDay: perDay } = request;
  const owner = toText(ownerId);
  const hasInputs = inputIds.length > 0 ? sql`and (select count(*) from found) = ${inputIds.length}::integer` : sql``;
  const isNew = sql`not exists (select from known) and not exists (select from retried) ${hasInputs}`;
  const day =
    perDay === null
      ? sql`select null::date as day from signature where ${isNew}`
      : sql`
        insert into comfy.generations_per_day as g (owner_id, day, count)
        select ${owner}, (now() at time zone 'UTC')::date, ${jobCount}::integer from signature
        where ${perDay}::integer >= ${jobCount}::integer and ${isNew}
        on conflict (owner_id, day) do update set count = g.count + ${jobCount}::integer
        where g.count + ${jobCount}::integer <= ${perDay}::integer
        returning day`;
  return sql`
    signature as (${spendSignature(request)}),
    known as (
      select job_id, batch_id, fingerprint from comfy.idempotency_keys where ${isKnownBy(request)}
    ),
    retried as (select id from comfy.jobs where ${retryOf === undefined ? sql`false` : sql`retry_of = ${retryOf}::uuid`}),
    found as materialized (${keepFiles(inputIds)}),
    allowed as (${day})`;
}

/**
 * Who waits here for somebody that expires the file looks at it again, and finds it no more; who expires files leaves these alone. A mere
 * "for key share" would not look again: to it such an update is none.
 */
function keepFiles(inputIds: readonly string[]): RawBuilder<unknown> {
  if (inputIds.length === 0) return sql`select 1 where false`;
  return sql`
    select a.id from comfy.assets a where a.id = any(${inputIds}::uuid[]) and a.expired_at is null
    order by a.id for share`;
}

/** The row of the idempotency key. */
export function isKnownBy({ ownerId, idempotency }: Pick<Request, "ownerId" | "idempotency">): RawBuilder<unknown> {
  if (!idempotency) return sql`false`;
  const { surface, key } = idempotency;
  return sql`owner_id = ${toText(ownerId)} and surface = ${surface} and key_hash = ${toKeyHash(key)}`;
}

/** One row when the request may go on. */
export function spendSignature(
  { signature }: Pick<Request, "signature">,
  where: RawBuilder<unknown> = sql``,
): RawBuilder<unknown> {
  if (!signature) return sql`select 1`;
  return sql`
    insert into comfy.used_signatures (hash, expires_at)
    select ${signature.hash}, ${new Date(signature.expiresAtMs).toISOString()}::timestamptz ${where}
    on conflict do nothing returning 1`;
}

/** Keeps the idempotency key, pointing at the row that `made` selects the id of. */
export function keepKey({ ownerId, idempotency }: Request, column: "job_id" | "batch_id", made: RawBuilder<unknown>) {
  if (!idempotency) return sql`select 1`;
  const { surface, key, fingerprint } = idempotency;
  return sql`
    insert into comfy.idempotency_keys (owner_id, surface, key_hash, fingerprint, ${sql.ref(column)})
    select ${toText(ownerId)}, ${surface}, ${toKeyHash(key)}, ${fingerprint}, id from ${made}`;
}

/** The columns of a {@link Refusal}. */
export const refusalColumns = sql`
  exists (select from signature) as is_fresh,
  (select job_id from known) as known_job_id, (select batch_id from known) as known_batch_id,
  (select fingerprint from known) as known_fingerprint, (select id from retried) as retried_id,
  (select count(*) from found)::integer as inputs_found,
  ((now() at time zone 'UTC')::date + 1)::timestamp at time zone 'UTC' as next_day`;

/**
 * The owner's row, as it is seen without a lock: it is written only when it changes, so that accepts of one owner do not wait for each
 * other. A row that somebody else makes at the same moment breaks the statement, and it is tried again.
 */
export function seeOwner({ ownerId }: Request): RawBuilder<unknown> {
  return sql`
    seen as materialized (
      select o.has_waiting and o.idle_since is null as has_waiting, o.active, o.concurrent_jobs, o.weight
      from allowed cross join comfy.owner_queue o where o.owner_id = ${toText(ownerId)}
    )`;
}

/** Whether the job is taken at once: `room` has a row then. It is when nobody waits who could be served, and the owner has room. */
export function takeRoom({ ownerId, concurrentJobs: limit, weight }: Request, isWanted: boolean): RawBuilder<unknown> {
  if (!isWanted) return sql`room as (select 1 where false)`;
  const isIdle = sql`not exists (
    select from comfy.owner_queue w
    where w.has_waiting and w.idle_since is null and (w.concurrent_jobs is null or w.active < w.concurrent_jobs))`;
  const isNewcomer = sql`select 1 from allowed, idle where is_idle and not exists (select from seen)`;
  const isUsual = sql`is_idle and not seen.has_waiting and not (${isChanged(limit, weight)})`;
  if (limit === null) {
    return sql`
      idle as materialized (select ${isIdle} as is_idle),
      room as (${isNewcomer} union all select 1 from seen, idle where ${isUsual})`;
  }
  // Looked at before the lock, so that those without room do not queue up for it, and again under it.
  return sql`
    idle as materialized (select ${isIdle} as is_idle),
    taken as (
      update comfy.owner_queue o set active = o.active + 1 from seen, idle
      where o.owner_id = ${toText(ownerId)} and ${isUsual} and seen.active < ${limit}::integer
        and not (o.has_waiting and o.idle_since is null) and o.active < ${limit}::integer
      returning 1
    ),
    room as (${isNewcomer} and ${limit}::integer > 0 union all select * from taken)`;
}

/** Puts the owner into the queue, unless what was asked for was taken at once. */
export function queueOwner({ ownerId, concurrentJobs: limit, weight = 1 }: Request): RawBuilder<unknown> {
  const owner = toText(ownerId);
  return sql`
    newcomer as (
      insert into comfy.owner_queue (owner_id, concurrent_jobs, weight, vtime, has_waiting, active)
      select ${owner}, ${limit}::integer, ${weight}::float8, ${vtimeFloor}, not s.is_served,
        case when s.is_served and ${limit !== null} then 1 else 0 end
      from allowed cross join (select exists (select from room) as is_served) s
      where not exists (select from seen)
    ),
    joined as (
      update comfy.owner_queue o set ${joinQueue}, concurrent_jobs = ${limit}::integer, weight = ${weight}::float8
      from seen where o.owner_id = ${owner} and not exists (select from room)
        and (not seen.has_waiting or ${isChanged(limit, weight)})
    )`;
}

function isChanged(limit: number | null, weight = 1): RawBuilder<unknown> {
  return sql`seen.concurrent_jobs is distinct from ${limit}::integer or seen.weight <> ${weight}::float8`;
}

function toKeyHash(key: string): string {
  return createHash("sha256").update(key).digest("hex");
}
