import { type Kysely, type RawBuilder, sql } from "kysely";
import { AppError } from "../../errors.ts";
import { isId } from "../../ids.ts";
import type { JobFilter, JobPage } from "../../jobs/job-store.ts";
import { type JobRow, jobColumns, shownState, toJob } from "./job-rows.ts";
import { toMetadataPairs } from "./metadata-pairs.ts";
import type { Tables } from "./tables.ts";
import { toText } from "./write-values.ts";

/** Newest first, by the number each job got when it was accepted: a page never shows a job twice, whatever is accepted meanwhile. */
export async function listJobs(db: Kysely<Tables>, filter: JobFilter): Promise<JobPage> {
  const { batchId, limit } = filter;
  if (batchId !== undefined && !isId(batchId)) return { jobs: [] };
  const { rows } = await sql<JobRow>`
    select ${jobColumns} from comfy.jobs j
    where ${sql.join(toConditions(filter), sql` and `)}
    order by j.seq desc limit ${limit + 1}`.execute(db);
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return { jobs: page.map(toJob), ...(rows.length > limit && last && { nextCursor: String(last.seq) }) };
}

function toConditions(filter: JobFilter): RawBuilder<unknown>[] {
  const { ownerId, cursor, states, kind, keyId, metadata, createdAfterMs, createdBeforeMs, batchId } = filter;
  const conditions = [sql`j.owner_id = ${toText(ownerId)}`];
  if (cursor !== undefined) conditions.push(sql`j.seq < ${parseCursor(cursor)}::bigint`);
  if (states) conditions.push(sql`${shownState} = any(${states}::text[])`);
  if (kind !== undefined) conditions.push(sql`j.kind = ${kind}`);
  if (keyId !== undefined) conditions.push(sql`j.key_id = ${toText(keyId)}`);
  const pairs = toMetadataPairs(metadata);
  if (pairs) conditions.push(sql`j.metadata_pairs @> ${pairs}::uuid[]`);
  if (createdAfterMs !== undefined) conditions.push(sql`j.created_at > ${toTime(createdAfterMs)}`);
  if (createdBeforeMs !== undefined) conditions.push(sql`j.created_at < ${toTime(createdBeforeMs)}`);
  if (batchId !== undefined) conditions.push(sql`j.batch_id = ${batchId}::uuid`);
  return conditions;
}

/** A cursor is the number of the last job that was shown. */
function parseCursor(cursor: string): number {
  const seq = /^\d{1,15}$/.test(cursor) ? Number(cursor) : undefined;
  if (seq === undefined) {
    throw new AppError("invalid_input", "The cursor is not one that a page of this list ended with.", {
      details: [{ path: "cursor", message: "is not a cursor of this list" }],
    });
  }
  return seq;
}

const toTime = (ms: number) => sql`to_timestamp(${ms}::float8 / 1000)`;
