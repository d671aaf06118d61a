import { type Kysely, type RawBuilder, sql } from "kysely";
import { AppError } from "../../errors.ts";
import type { Acceptance, AcceptOptions, AcceptOutcome, Claimant } from "../../jobs/job-store.ts";
import {
  allowRequest,
  keepKey,
  queueOwner,
  type Refusal,
  type Request,
  refusalColumns,
  seeOwner,
  takeRoom,
  toInputIds,
} from "./accept-statement.ts";
import { fromNow, type JobRow, jobColumns, toJob } from "./job-rows.ts";
import { toMetadataPairs } from "./metadata-pairs.ts";
import { findJob } from "./read-jobs.ts";
import type { Tables } from "./tables.ts";
import { sqlStateOf } from "./translate-errors.ts";
import { toJson, toText, toTextOrNull } from "./write-values.ts";

type AcceptRow = Refusal & JobRow & { readonly is_accepted: boolean };

const UNIQUE_VIOLATION = "23505";
const FOREIGN_KEY_VIOLATION = "23503";
/** Its key, what it repeats and its owner may each turn up between the look and the insert. */
const TRIES = 5;

/**
 * Makes a job durable. Signature, idempotency key, the day's generations, the owner's place in the queue, the job, its inputs and the
 * lease of whoever takes it at once are one statement: one round trip, all or nothing.
 */
export async function acceptJob(
  db: Kysely<Tables>,
  acceptance: Acceptance,
  { claim }: AcceptOptions = {},
): Promise<AcceptOutcome> {
  const claimant = claim && !claim.unfit?.includes(toNeeds(acceptance)) ? claim : undefined;
  try {
    return await withRaces(() => tryAccept(db, acceptance, claimant));
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== "unavailable") throw error;
    // The connection broke: the statement may have been carried out. Only reading tells.
    const job = await findJob(db, acceptance.id);
    if (!job) throw error;
    return { type: "accepted", job };
  }
}

/** Runs an accept again when somebody wrote the same key, retry or owner between its look and its insert: everything was undone. */
export async function withRaces<T>(run: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await run();
    } catch (error) {
      if (sqlStateOf(error) === FOREIGN_KEY_VIOLATION) throw toGone(error);
      if (sqlStateOf(error) !== UNIQUE_VIOLATION || tries === TRIES) throw error;
    }
  }
}

function toGone(cause?: unknown): AppError {
  return new AppError("asset_not_found", "A file that this request refers to is gone.", { cause });
}

async function tryAccept(db: Kysely<Tables>, acceptance: Acceptance, claimant?: Claimant): Promise<AcceptOutcome> {
  const request = { ...acceptance, jobCount: 1, inputIds: toInputIds([acceptance]) };
  const { rows } = await toStatement(request, acceptance, claimant).execute(db);
  const [row] = rows;
  if (!row) throw new Error("An accept gave no row.");
  if (row.is_accepted) return toAccepted(row, acceptance);
  if (row.retried_id !== null && row.is_fresh && row.known_fingerprint === null) {
    return { type: "retried_already", job: await findKnown(db, row.retried_id) };
  }
  const refused = toRefused(row, request);
  if (refused) return refused;
  // The key was used for a batch, whose fingerprint is another: never the same request.
  if (row.known_job_id === null) return { type: "idempotency_key_reused" };
  return { type: "replayed", job: await findKnown(db, row.known_job_id) };
}

/** Why the request was refused; undefined when its key was used for the same request before. @throws AppError `asset_not_found` */
export function toRefused(row: Refusal, { idempotency, inputIds }: Pick<Request, "idempotency" | "inputIds">) {
  if (!row.is_fresh) return { type: "signature_replayed" } as const;
  if (row.known_fingerprint === null && row.inputs_found < inputIds.length) throw toGone();
  if (row.known_fingerprint === null)
    return { type: "generations_exhausted", resetAtMs: row.next_day.getTime() } as const;
  if (row.known_fingerprint !== idempotency?.fingerprint) return { type: "idempotency_key_reused" } as const;
  return undefined;
}

function toAccepted(row: AcceptRow, acceptance: Acceptance): AcceptOutcome {
  const job = toJob(row);
  if (!row.is_leased) return { type: "accepted", job };
  const lease = { jobId: row.id, epoch: FIRST_EPOCH };
  return { type: "accepted", job, claimed: { job, lease, pastAttempts: [], inputs: acceptance.inputs } };
}

async function findKnown(db: Kysely<Tables>, id: string) {
  const job = await findJob(db, id);
  if (!job) throw new Error(`The job ${id}, which is known by a key or as a retry, is missing.`);
  return job;
}

const FIRST_EPOCH = 1;

function toStatement(request: Request, acceptance: Acceptance, claimant: Claimant | undefined): RawBuilder<AcceptRow> {
  return sql`
    with ${allowRequest(request)},
    ${seeOwner(request)},
    ${takeRoom(request, claimant !== undefined)},
    ${queueOwner(request)},
    j as (${insertJob(acceptance, claimant)}),
    key as (${keepKey(request, "job_id", sql`j`)}),
    inputs as (${keepInputs(acceptance)})
    select ${refusalColumns}, j.id is not null as is_accepted, ${jobColumns}
    from (select) one left join j on true`;
}

function insertJob(acceptance: Acceptance, claimant: Claimant | undefined): RawBuilder<unknown> {
  const { id, ownerId, keyId, kind, plan, callbackUrl, requestId, isUploadedToCloud, idempotency } = acceptance;
  const { metadata, priority = 0, retryOf, batchId, concurrentJobs } = acceptance;
  const whenServed = (value: RawBuilder<unknown>) => sql`case when s.is_served then ${value} end`;
  return sql`
    insert into comfy.jobs (
      id, owner_id, key_id, kind, plan, callback_url, request_id, is_uploaded_to_cloud, is_abandonable, charged_on, deadline_at,
      needs, priority, metadata, metadata_pairs, retry_of, batch_id, lease_epoch, lease_holder, lease_expires_at, holds_slot
    )
    select ${id}::uuid, ${toText(ownerId)}, ${toText(keyId)}, ${kind}, ${toJson(plan)}::json, ${toTextOrNull(callbackUrl)},
      ${toText(requestId)}, ${isUploadedToCloud}, ${idempotency === undefined}, allowed.day,
      ${fromNow(acceptance.deadlineAtMs - acceptance.createdAtMs)},
      ${toNeeds(acceptance)}, ${priority}::smallint, ${metadata ? toJson(metadata) : null}::json,
      ${toMetadataPairs(metadata)}::uuid[], ${retryOf ?? null}::uuid, ${batchId ?? null}::uuid,
      case when s.is_served then ${FIRST_EPOCH}::integer else 0 end,
      ${whenServed(sql`${toTextOrNull(claimant?.holder)}::text`)}, ${whenServed(fromNow(claimant?.leaseMs ?? 0))},
      s.is_served and ${concurrentJobs !== null}::boolean
    from allowed cross join (select exists (select from room) as is_served) s
    returning *`;
}

/** What a backend must offer, as one word. */
export function toNeeds({ kind, needs }: Acceptance): string {
  return toText(needs ?? `${kind}/`);
}

function keepInputs({ inputs }: Acceptance): RawBuilder<unknown> {
  if (Object.keys(inputs).length === 0) return sql`select 1`;
  return sql`
    insert into comfy.job_inputs (job_id, slot, asset_id)
    select j.id, i.key, i.value::uuid from j, json_each_text(${toJson(inputs)}::json) i`;
}
