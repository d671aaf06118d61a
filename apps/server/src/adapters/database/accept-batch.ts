import { type Kysely, type RawBuilder, sql } from "kysely";
import { AppError } from "../../errors.ts";
import type { Batch, NewBatch } from "../../jobs/batch-store.ts";
import type { Acceptance, AcceptBatchOutcome } from "../../jobs/job-store.ts";
import { toNeeds, toRefused, withRaces } from "./accept-job.ts";
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
import { findBatch } from "./batch-store.ts";
import { toMetadataPairs } from "./metadata-pairs.ts";
import type { Tables } from "./tables.ts";
import { toJson, toText, toTextOrNull } from "./write-values.ts";

/** Makes all jobs of a batch durable, or none of them: one statement. They wait for a claim, however idle the service is. */
export async function acceptBatch(
  db: Kysely<Tables>,
  batch: NewBatch,
  acceptances: readonly Acceptance[],
): Promise<AcceptBatchOutcome> {
  try {
    return await withRaces(() => tryAccept(db, batch, acceptances));
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== "unavailable") throw error;
    // The connection broke: the statement may have been carried out. Only reading tells.
    const known = await findBatch(db, batch.ownerId, batch.id);
    if (!known) throw error;
    return { type: "accepted", batch: known };
  }
}

async function tryAccept(
  db: Kysely<Tables>,
  batch: NewBatch,
  acceptances: readonly Acceptance[],
): Promise<AcceptBatchOutcome> {
  const request = toRequest(batch, acceptances);
  const { rows } = await toStatement(batch, request, acceptances).execute(db);
  const [row] = rows;
  if (!row) throw new Error("An accept gave no row.");
  if (row.is_accepted) return { type: "accepted", batch: await findKnown(db, batch.ownerId, batch.id) };
  const refused = toRefused(row, request);
  if (refused) return refused;
  // The key was used for a single job, whose fingerprint is another: never the same request.
  if (row.known_batch_id === null) return { type: "idempotency_key_reused" };
  return { type: "replayed", batch: await findKnown(db, batch.ownerId, row.known_batch_id) };
}

async function findKnown(db: Kysely<Tables>, ownerId: string, id: string): Promise<Batch> {
  const batch = await findBatch(db, ownerId, id);
  if (!batch) throw new Error(`The batch ${id} was accepted and is missing.`);
  return batch;
}

/** All jobs of a batch have the owner of the batch, and so its limits. */
function toRequest({ ownerId, signature, idempotency }: NewBatch, acceptances: readonly Acceptance[]): Request {
  const [first] = acceptances;
  if (!first) throw new AppError("invalid_input", "A batch has at least one job.");
  const { generationsPerDay, concurrentJobs, weight } = first;
  return {
    ownerId,
    generationsPerDay,
    concurrentJobs,
    jobCount: acceptances.length,
    inputIds: toInputIds(acceptances),
    ...(weight !== undefined && { weight }),
    ...(signature && { signature }),
    ...(idempotency && { idempotency }),
  };
}

function toStatement(
  batch: NewBatch,
  request: Request,
  acceptances: readonly Acceptance[],
): RawBuilder<Refusal & { readonly is_accepted: boolean }> {
  return sql`
    with ${allowRequest(request)},
    ${seeOwner(request)},
    ${takeRoom(request, false)},
    ${queueOwner(request)},
    batch as (
      insert into comfy.batches (id, owner_id, key_id, metadata, job_count)
      select ${batch.id}::uuid, ${toText(batch.ownerId)}, ${toText(batch.keyId)},
        ${batch.metadata ? toJson(batch.metadata) : null}::json, ${acceptances.length}::integer
      from allowed returning id
    ),
    job as materialized (
      select * from json_to_recordset(${toJson(acceptances.map((acceptance, position) => toRow(acceptance, batch, position)))}::json) as r(
        id uuid, position integer, key_id text, kind text, plan json, callback_url text, request_id text,
        is_uploaded_to_cloud boolean, is_abandonable boolean, lives_ms float8, needs text, priority smallint, metadata json,
        metadata_pairs uuid[], inputs json)
    ),
    j as (
      insert into comfy.jobs (
        id, owner_id, key_id, kind, plan, callback_url, request_id, is_uploaded_to_cloud, is_abandonable, charged_on, deadline_at,
        needs, priority, metadata, metadata_pairs, batch_id
      )
      select r.id, ${toText(batch.ownerId)}, r.key_id, r.kind, r.plan, r.callback_url, r.request_id,
        r.is_uploaded_to_cloud, r.is_abandonable, allowed.day, clock_timestamp() + r.lives_ms * interval '1 millisecond',
        r.needs, r.priority, r.metadata, r.metadata_pairs, batch.id
      from job r cross join allowed cross join batch order by r.position
      returning id
    ),
    key as (${keepKey(request, "batch_id", sql`batch`)}),
    inputs as (
      insert into comfy.job_inputs (job_id, slot, asset_id)
      select j.id, i.key, i.value::uuid from j join job r using (id) cross join json_each_text(r.inputs) i
    )
    select ${refusalColumns}, exists (select from batch) as is_accepted`;
}

function toRow(acceptance: Acceptance, { idempotency }: NewBatch, position: number) {
  return {
    id: acceptance.id,
    position,
    key_id: toText(acceptance.keyId),
    kind: acceptance.kind,
    plan: acceptance.plan,
    callback_url: toTextOrNull(acceptance.callbackUrl),
    request_id: toText(acceptance.requestId),
    is_uploaded_to_cloud: acceptance.isUploadedToCloud,
    is_abandonable: idempotency === undefined,
    lives_ms: acceptance.deadlineAtMs - acceptance.createdAtMs,
    needs: toNeeds(acceptance),
    priority: acceptance.priority ?? 0,
    metadata: acceptance.metadata ?? null,
    metadata_pairs: toMetadataPairs(acceptance.metadata),
    inputs: acceptance.inputs,
  };
}
