import { type JobState, jobStateWords, type Kind } from "@comfy/contracts";
import { type Kysely, type RawBuilder, sql } from "kysely";
import type { JobFailure } from "../../jobs/job.ts";
import type { OverviewFilter, OverviewJob, OverviewPage, OverviewStore } from "../../jobs/overview-store.ts";
import { countEverything } from "./count-everything.ts";
import { shownState } from "./job-rows.ts";
import { parseIdCursor } from "./parse-cursor.ts";
import type { Tables } from "./tables.ts";
import { toText } from "./write-values.ts";

interface OverviewRow {
  readonly id: string;
  readonly owner_id: string;
  readonly key_id: string;
  readonly kind: Kind;
  readonly shown_state: JobState;
  readonly priority: number;
  readonly progress: { readonly value: number } | null;
  readonly created_at: Date;
  readonly started_at: Date | null;
  readonly completed_at: Date | null;
  readonly waiting_reason: string | null;
  readonly failure: JobFailure | null;
  readonly request_id: string;
  readonly attempts: number;
  readonly backend_id: string | null;
}

/** What operators see of everybody's jobs. */
export function createOverviewStore(db: Kysely<Tables>): OverviewStore {
  return {
    listJobs: (filter) => listAllJobs(db, filter),
    count: (nowMs) => countEverything(db, nowMs),
  };
}

/** Newest first: ids that are made later sort later, and the primary key is in that order. */
async function listAllJobs(db: Kysely<Tables>, filter: OverviewFilter): Promise<OverviewPage> {
  const { limit } = filter;
  const { rows } = await sql<OverviewRow>`
    select j.id, j.owner_id, j.key_id, j.kind, ${shownState} as shown_state, j.priority, j.progress, j.created_at,
      j.started_at, j.completed_at, j.waiting_reason, j.failure, j.request_id,
      (select count(*)::integer from comfy.attempts t where t.job_id = j.id) as attempts,
      (select t.backend_id from comfy.attempts t where t.job_id = j.id order by t.n desc limit 1) as backend_id
    from comfy.jobs j where ${sql.join(toConditions(filter), sql` and `)}
    order by j.id desc limit ${limit + 1}`.execute(db);
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return { jobs: page.map(toOverviewJob), ...(rows.length > limit && last && { nextCursor: last.id }) };
}

function toConditions(filter: OverviewFilter): RawBuilder<unknown>[] {
  const { states, ownerId, keyId, kind, createdAfterMs, createdBeforeMs, cursor } = filter;
  const conditions = [sql`true`];
  if (states) {
    conditions.push(sql`${shownState} = any(${states}::text[])`);
    // Few have not ended, and the index of those finds them without looking at all the others.
    if (states.every((state) => !jobStateWords[state].isTerminal)) conditions.push(sql`j.completed_at is null`);
  }
  if (ownerId !== undefined) conditions.push(sql`j.owner_id = ${toText(ownerId)}`);
  if (keyId !== undefined) conditions.push(sql`j.key_id = ${toText(keyId)}`);
  if (kind !== undefined) conditions.push(sql`j.kind = ${kind}`);
  if (createdAfterMs !== undefined) conditions.push(sql`j.created_at > ${toTime(createdAfterMs)}`);
  if (createdBeforeMs !== undefined) conditions.push(sql`j.created_at < ${toTime(createdBeforeMs)}`);
  if (cursor !== undefined) conditions.push(sql`j.id < ${parseIdCursor(cursor)}::uuid`);
  return conditions;
}

const toTime = (ms: number) => sql`to_timestamp(${ms}::float8 / 1000)`;

function toOverviewJob(row: OverviewRow): OverviewJob {
  return {
    id: row.id,
    ownerId: row.owner_id,
    keyId: row.key_id,
    kind: row.kind,
    state: row.shown_state,
    priority: row.priority,
    progress: row.progress?.value ?? 0,
    createdAtMs: row.created_at.getTime(),
    ...(row.started_at && { startedAtMs: row.started_at.getTime() }),
    ...(row.completed_at && { completedAtMs: row.completed_at.getTime() }),
    ...(row.waiting_reason !== null && { waitingReason: row.waiting_reason }),
    ...(row.failure && { failure: row.failure }),
    requestId: row.request_id,
    attempts: row.attempts,
    ...(row.backend_id !== null && { backendId: row.backend_id }),
  };
}
