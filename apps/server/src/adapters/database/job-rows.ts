import type { JobProgress, JobState, Kind } from "@comfy/contracts";
import type { Plan } from "@comfy/workflows";
import { sql } from "kysely";
import type { Asset } from "../../assets/asset.ts";
import type { Attempt, Job, JobFailure, JobSummary, PastAttempt } from "../../jobs/job.ts";

/** What `jobColumns` selects. */
export interface JobRow {
  readonly id: string;
  readonly owner_id: string;
  readonly key_id: string;
  readonly kind: Kind;
  readonly state: JobState;
  readonly plan: Plan;
  readonly seq: number;
  readonly priority: number;
  readonly metadata: Readonly<Record<string, unknown>> | null;
  readonly retry_of: string | null;
  readonly retried_by: string | null;
  readonly batch_id: string | null;
  readonly waiting_reason: string | null;
  readonly is_uploaded_to_cloud: boolean;
  readonly is_abandonable: boolean;
  readonly callback_url: string | null;
  readonly request_id: string;
  readonly is_cancel_requested: boolean;
  readonly is_leased: boolean;
  readonly created_at: Date;
  readonly started_at: Date | null;
  readonly completed_at: Date | null;
  readonly deadline_at: Date;
  readonly progress: JobProgress | null;
  readonly summary: JobSummary | null;
  readonly failure: JobFailure | null;
  readonly outputs: readonly Asset[] | null;
}

/** The columns of a {@link JobRow} from `comfy.jobs j`. */
export const jobColumns = sql`
  j.id, j.owner_id, j.key_id, j.kind, j.state, j.plan, j.seq, j.priority, j.metadata, j.retry_of, j.batch_id, j.waiting_reason,
  (select r.id from comfy.jobs r where r.retry_of = j.id) as retried_by,
  j.is_uploaded_to_cloud, j.is_abandonable, j.callback_url, j.request_id,
  j.cancel_requested_at is not null as is_cancel_requested, j.lease_holder is not null as is_leased,
  j.created_at, j.started_at, j.completed_at, j.deadline_at, j.progress, j.summary, j.failure,
  case when j.state = 'complete' then (
    select json_agg(json_build_object(
      'id', a.id, 'ownerId', a.owner_id, 'jobId', a.job_id, 'name', a.name, 'type', a.type, 'sizeBytes', b.size_bytes,
      'sha256', a.sha256, 'createdAtMs', floor(extract(epoch from a.created_at) * 1000)
    ) order by a.position)
    from comfy.assets a join comfy.blobs b using (sha256) where a.job_id = j.id
  ) end as outputs`;

export function toJob(row: JobRow): Job {
  return {
    id: row.id,
    ownerId: row.owner_id,
    keyId: row.key_id,
    kind: row.kind,
    state: toState(row),
    plan: row.plan,
    seed: row.plan.seed,
    isUploadedToCloud: row.is_uploaded_to_cloud,
    ...(row.callback_url !== null && { callbackUrl: row.callback_url }),
    requestId: row.request_id,
    isAbandonable: row.is_abandonable,
    isCancelRequested: row.is_cancel_requested,
    createdAtMs: row.created_at.getTime(),
    ...(row.started_at && { startedAtMs: row.started_at.getTime() }),
    ...(row.completed_at && { completedAtMs: row.completed_at.getTime() }),
    deadlineAtMs: row.deadline_at.getTime(),
    priority: row.priority,
    ...(row.metadata && { metadata: row.metadata }),
    ...(row.retry_of !== null && { retryOf: row.retry_of }),
    ...(row.retried_by !== null && { retriedBy: row.retried_by }),
    ...(row.batch_id !== null && { batchId: row.batch_id }),
    ...(row.waiting_reason !== null && { waitingReason: row.waiting_reason }),
    ...(row.progress && { progress: row.progress }),
    ...(row.summary && { summary: row.summary }),
    outputs: row.outputs ?? [],
    ...(row.failure && { failure: row.failure }),
  };
}

// "cancelling" is not stored: it is a job that somebody works on and that is wanted no more. A job that waits stays pending until whoever
// cancels it ends it.
function toState(row: JobRow): JobState {
  return row.is_cancel_requested && row.is_leased ? "cancelling" : row.state;
}

/** The state of the job `j` as {@link toJob} tells it. */
export const shownState = sql`case when j.cancel_requested_at is not null and j.lease_holder is not null then 'cancelling' else j.state end`;

/** What `attemptJson` selects. */
export type AttemptJson = Attempt;

/** One row of `comfy.attempts t`, under way, as JSON of an Attempt. */
export const attemptJson = sql`json_build_object(
  'id', t.id, 'jobId', t.job_id, 'n', t.n, 'backendId', t.backend_id, 'backendEpoch', t.backend_epoch, 'state', t.state,
  'summary', t.summary, 'outputNodes', t.output_nodes)`;

/** What `pastAttemptsJson` selects. */
export type PastAttemptsJson = readonly PastAttempt[] | null;

/** The attempts of the job `j` that are over. */
export const pastAttemptsJson = sql`(
  select json_agg(json_strip_nulls(json_build_object(
    'n', t.n, 'backendId', t.backend_id, 'state', t.state, 'cause', t.cause)) order by t.n)
  from comfy.attempts t where t.job_id = j.id and t.ended_at is not null)`;

/** The job `j` may run and nobody works on it. Reads as the predicate of the index `jobs_waiting`. */
export const isWaiting = sql`j.completed_at is null and j.lease_holder is null and not j.is_postponed`;

/** The job `j` waits for a backend that can take it. Reads as the predicate of the index `jobs_postponed`. */
export const isPostponed = sql`j.completed_at is null and j.lease_holder is null and j.is_postponed`;

/** The present, to compare with. Unlike `clock_timestamp()` it stands still during a statement, so that an index can be searched with it. */
export const now = sql`statement_timestamp()`;

/** A moment that many milliseconds from now, by the database's clock. */
export const fromNow = (durationMs: number) =>
  sql`clock_timestamp() + ${durationMs}::float8 * interval '1 millisecond'`;
