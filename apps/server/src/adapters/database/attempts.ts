import { type Kysely, sql } from "kysely";
import type { Attempt, Lease } from "../../jobs/job.ts";
import type { JobStore } from "../../jobs/job-store.ts";
import { isHeld } from "./hold-lease.ts";
import { type AttemptJson, attemptJson } from "./job-rows.ts";
import type { Tables } from "./tables.ts";
import { toJson, toText } from "./write-values.ts";

type NewAttempt = Parameters<JobStore["beginAttempt"]>[1];

/** How long an abandoned prompt is looked for on its backend. */
export const orphanLife = sql`interval '1 day'`;

/** Writes the attempt, and that the job is running: from here on a prompt of it may be on a backend. */
export async function beginAttempt(
  db: Kysely<Tables>,
  lease: Lease,
  { id, backendId, backendEpoch, graph, summary, outputNodes }: NewAttempt,
): Promise<Attempt | undefined> {
  const { rows } = await sql<{ attempt: AttemptJson }>`
    with held as (
      update comfy.jobs j set state = 'running', started_at = coalesce(j.started_at, clock_timestamp())
      where ${isHeld(lease)} returning j.id, j.lease_epoch
    ),
    t as (
      insert into comfy.attempts (id, job_id, n, backend_id, backend_epoch, lease_epoch, graph, summary, output_nodes)
      select ${id}::uuid, held.id, (select count(*)::integer + 1 from comfy.attempts where job_id = held.id),
        ${toText(backendId)}, ${toText(backendEpoch)}, held.lease_epoch,
        ${toJson(graph)}::json, ${toJson(summary)}::json, ${toJson(outputNodes)}::json
      from held returning *
    )
    select ${attemptJson} as attempt from t`.execute(db);
  return rows[0]?.attempt;
}

/** Moves an attempt on, never back: a late "sent" does not undo an "acked". A superseded one is remembered as an orphan of its backend. */
export async function markAttempt(
  db: Kysely<Tables>,
  lease: Lease,
  attemptId: string,
  state: Attempt["state"],
): Promise<void> {
  await sql`
    with moved as (
      update comfy.attempts t set
        state = ${state}::text,
        sent_at = case when ${state}::text in ('sent', 'acked') then coalesce(t.sent_at, clock_timestamp()) else t.sent_at end,
        acked_at = case when ${state}::text = 'acked' then clock_timestamp() else t.acked_at end,
        ended_at = case when ${state}::text in ('done', 'lost', 'superseded') then clock_timestamp() end
      where t.id = ${attemptId}::uuid and t.job_id = ${lease.jobId}::uuid
        and exists (select from comfy.jobs j where ${isHeld(lease)})
        and t.state in ('intended', 'sent', 'acked')
        and array_position(${order}, t.state) < array_position(${order}, ${state}::text)
      returning t.backend_id, t.id, t.state
    )
    insert into comfy.orphan_prompts (backend_id, prompt_id, until)
    select backend_id, id, clock_timestamp() + ${orphanLife} from moved where state = 'superseded'
    on conflict do nothing`.execute(db);
}

const order = sql`array['intended', 'sent', 'acked', 'done', 'lost', 'superseded']`;
