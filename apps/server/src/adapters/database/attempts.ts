import { type Kysely, type RawBuilder, sql } from "kysely";
import type { BackendLease } from "../../generation/ownership.ts";
import type { Attempt, AttemptCause, Lease } from "../../jobs/job.ts";
import type { JobStore } from "../../jobs/job-store.ts";
import type { RenderSpan } from "../../jobs/render-meter.ts";
import { isHeld, mayBeLost } from "./hold-lease.ts";
import { type AttemptJson, attemptJson } from "./job-rows.ts";
import { keepOrphans } from "./orphans.ts";
import { toSpan } from "./render-span.ts";
import type { Tables } from "./tables.ts";
import { toJson, toText } from "./write-values.ts";

type NewAttempt = Parameters<JobStore["beginAttempt"]>[1];

/** Writes the attempt, and that the job is running: from here on a prompt of it may be on a backend. */
export async function beginAttempt(
  db: Kysely<Tables>,
  lease: Lease,
  { id, backendId, backendEpoch, graph, summary, outputNodes, backendLease }: NewAttempt,
): Promise<Attempt | undefined> {
  const { rows } = await sql<{ attempt: AttemptJson }>`
    with held as (
      update comfy.jobs j set state = 'running', started_at = coalesce(j.started_at, clock_timestamp())
      where ${isHeld(lease)} ${backendLease ? sql`and ${ownsBackend(backendId, backendLease)}` : sql``}
      returning j.id, j.lease_epoch
    ),
    t as (
      insert into comfy.attempts (
        id, job_id, n, backend_id, backend_epoch, lease_epoch, state, sent_at, graph, summary, output_nodes
      )
      select ${id}::uuid, held.id, (select count(*)::integer + 1 from comfy.attempts where job_id = held.id),
        ${toText(backendId)}, ${toText(backendEpoch)}, held.lease_epoch, 'sent', clock_timestamp(),
        ${toJson(graph)}::json, ${toJson(summary)}::json, ${toJson(outputNodes)}::json
      from held returning *
    )
    select ${attemptJson} as attempt from t`.execute(db);
  return rows[0]?.attempt;
}

/** Compared with the clock of the moment: whoever takes the backend over can do so only after the end that is looked at here. */
function ownsBackend(backendId: string, { holder, epoch }: BackendLease): RawBuilder<unknown> {
  return sql`exists (
    select from comfy.backend_leases l
    where l.backend_id = ${toText(backendId)} and l.holder = ${toText(holder)} and l.epoch = ${epoch}::integer
      and l.expires_at > clock_timestamp())`;
}

/** Moves an attempt on, never back: a late "sent" does not undo an "acked". */
export async function markAttempt(
  db: Kysely<Tables>,
  lease: Lease,
  attemptId: string,
  state: Attempt["state"],
  cause?: AttemptCause,
  span?: RenderSpan,
): Promise<void> {
  const { runningAt, renderedAt } = toSpan(span);
  const isOver = state === "done" || state === "lost" || state === "superseded";
  const times = isOver
    ? sql`ended_at = clock_timestamp(), cause = ${cause ?? null}::text, running_at = ${runningAt}, rendered_at = ${renderedAt}`
    : state === "acked"
      ? sql`acked_at = clock_timestamp()`
      : sql`sent_at = coalesce(t.sent_at, clock_timestamp())`;
  // That it arrived matters to an heir alone, who would look for it anyway: not worth a flush to disk.
  const isWorthIt = isOver ? sql`true` : mayBeLost;
  const isLeftBehind = (state === "lost" || state === "superseded") && cause !== "backend_died";
  await sql`
    with moved as (
      update comfy.attempts t set state = ${state}::text, ${times}
      where ${isWorthIt} and t.id = ${attemptId}::uuid and t.job_id = ${lease.jobId}::uuid and t.ended_at is null
        and exists (select from comfy.jobs j where ${isHeld(lease)})
        and array_position(${order}, t.state) < array_position(${order}, ${state}::text)
      returning t.id, t.backend_id, t.backend_epoch
    )
    ${isLeftBehind ? keepOrphans(sql`moved`) : sql`select 1 from moved`}`.execute(db);
}

const order = sql`array['intended', 'sent', 'acked', 'done', 'lost', 'superseded']`;
