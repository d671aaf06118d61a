import { createHash } from "node:crypto";
import { type Kysely, type RawBuilder, sql } from "kysely";
import { AppError } from "../../errors.ts";
import type { Acceptance, AcceptOutcome } from "../../jobs/job-store.ts";
import { fromNow, type JobRow, jobColumns, toJob } from "./job-rows.ts";
import { findJob } from "./read-jobs.ts";
import type { Tables } from "./tables.ts";
import { sqlStateOf } from "./translate-errors.ts";
import { toJson, toText, toTextOrNull } from "./write-values.ts";

interface AcceptRow {
  readonly is_fresh: boolean;
  readonly known_job_id: string | null;
  readonly known_fingerprint: string | null;
  readonly job: boolean | null;
  readonly next_day: Date;
}

const UNIQUE_VIOLATION = "23505";
const FOREIGN_KEY_VIOLATION = "23503";

/**
 * Makes a job durable. Signature, idempotency key, the day's generations, the job, its inputs and the owner's place in the queue are one
 * statement: one round trip, all or nothing.
 */
export async function acceptJob(db: Kysely<Tables>, acceptance: Acceptance): Promise<AcceptOutcome> {
  try {
    return await tryAccept(db, acceptance);
  } catch (error) {
    // A request with the same key was accepted between the look and the insert; everything was undone. Now it is known.
    if (sqlStateOf(error) === UNIQUE_VIOLATION) return tryAccept(db, acceptance);
    if (sqlStateOf(error) === FOREIGN_KEY_VIOLATION) {
      throw new AppError("asset_not_found", "A file that this request refers to is gone.", { cause: error });
    }
    if (!(error instanceof AppError) || error.code !== "unavailable") throw error;
    // The connection broke: the statement may have been carried out. Only reading tells.
    const job = await findJob(db, acceptance.id);
    if (!job) throw error;
    return { type: "accepted", job };
  }
}

async function tryAccept(db: Kysely<Tables>, acceptance: Acceptance): Promise<AcceptOutcome> {
  const { rows } = await toStatement(acceptance).execute(db);
  const [row] = rows;
  if (!row) throw new Error("An accept gave no row.");
  if (row.job) return { type: "accepted", job: toJob(row as AcceptRow & JobRow) };
  if (!row.is_fresh) return { type: "signature_replayed" };
  if (row.known_job_id === null) return { type: "generations_exhausted", resetAtMs: row.next_day.getTime() };
  if (row.known_fingerprint !== acceptance.idempotency?.fingerprint) return { type: "idempotency_key_reused" };
  const job = await findJob(db, row.known_job_id);
  if (!job) throw new Error(`The job ${row.known_job_id} of an idempotency key is missing.`);
  return { type: "replayed", job };
}

/**
 * Each step runs on the rows of the step before, which fixes the order of locks: signature, day, job, owner. The owner's row comes last
 * and is written only when it changes, because every claim for this owner needs it.
 */
function toStatement(acceptance: Acceptance): RawBuilder<AcceptRow & Partial<JobRow>> {
  const { ownerId, generationsPerDay: perDay, idempotency } = acceptance;
  const owner = toText(ownerId);
  return sql`
    with signature as (${spendSignature(acceptance)}),
    known as (
      select job_id, fingerprint from comfy.idempotency_keys
      where owner_id = ${owner} and surface = ${idempotency?.surface ?? ""} and key_hash = ${toKeyHash(idempotency?.key)}
    ),
    charge as (
      insert into comfy.generations_per_day as g (owner_id, day, count)
      select ${owner}, (now() at time zone 'UTC')::date, 1 from signature
      where ${perDay}::integer >= 1 and not exists (select from known)
      on conflict (owner_id, day) do update set count = g.count + 1 where g.count < ${perDay}::integer
      returning day
    ),
    allowed as (
      select (select day from charge) as day from signature
      where not exists (select from known) and (${perDay}::integer is null or exists (select from charge))
    ),
    j as (${insertJob(acceptance)}),
    idempotency as (
      insert into comfy.idempotency_keys (owner_id, surface, key_hash, fingerprint, job_id)
      select ${owner}, ${idempotency?.surface ?? ""}, ${toKeyHash(idempotency?.key)}, ${idempotency?.fingerprint ?? ""}, j.id
      from j where ${idempotency !== undefined}
    ),
    inputs as (
      insert into comfy.job_inputs (job_id, slot, asset_id)
      select j.id, i.key, i.value::uuid from j, json_each_text(${toJson(acceptance.inputs)}::json) i
    ),
    queue as (${joinQueue(owner, acceptance.concurrentJobs)})
    select exists (select from signature) as is_fresh,
      (select job_id from known) as known_job_id, (select fingerprint from known) as known_fingerprint,
      ((now() at time zone 'UTC')::date + 1)::timestamp at time zone 'UTC' as next_day,
      j.id is not null as job, ${jobColumns}
    from (select) one left join j on true`;
}

/** One row when the request may go on. */
function spendSignature({ signature }: Acceptance): RawBuilder<unknown> {
  if (!signature) return sql`select 1`;
  return sql`
    insert into comfy.used_signatures (hash, expires_at)
    values (${signature.hash}, ${new Date(signature.expiresAtMs).toISOString()}::timestamptz)
    on conflict do nothing returning 1`;
}

function insertJob(acceptance: Acceptance): RawBuilder<unknown> {
  const { id, ownerId, keyId, kind, plan, callbackUrl, requestId, isUploadedToCloud, idempotency } = acceptance;
  return sql`
    insert into comfy.jobs (
      id, owner_id, key_id, kind, plan, callback_url, request_id, is_uploaded_to_cloud, is_abandonable, charged_on, deadline_at
    )
    select ${id}::uuid, ${toText(ownerId)}, ${toText(keyId)}, ${kind}, ${toJson(plan)}::json, ${toTextOrNull(callbackUrl)},
      ${toText(requestId)}, ${isUploadedToCloud}, ${idempotency === undefined}, allowed.day,
      ${fromNow(acceptance.deadlineAtMs - acceptance.createdAtMs)}
    from allowed
    returning *`;
}

// An owner who comes back starts at the virtual time of those who wait, or it would be served alone until it had caught up.
function joinQueue(owner: string, concurrentJobs: number | null): RawBuilder<unknown> {
  return sql`
    insert into comfy.owner_queue as q (owner_id, concurrent_jobs, vtime)
    select ${owner}, ${concurrentJobs}::integer, coalesce((select min(vtime) from comfy.owner_queue where has_waiting), 0) from j
    on conflict (owner_id) do update set
      has_waiting = true,
      concurrent_jobs = excluded.concurrent_jobs,
      vtime = case when q.has_waiting then q.vtime else greatest(q.vtime, excluded.vtime) end
    where not q.has_waiting or q.concurrent_jobs is distinct from excluded.concurrent_jobs`;
}

function toKeyHash(key: string | undefined): string {
  return key === undefined ? "" : createHash("sha256").update(key).digest("hex");
}
