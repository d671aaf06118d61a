import { type Kysely, type RawBuilder, sql } from "kysely";
import type { Lease } from "../../jobs/job.ts";
import type { RenderSpan } from "../../jobs/render-meter.ts";
import { isHeld, mayBeLost } from "./hold-lease.ts";
import type { Tables } from "./tables.ts";

/**
 * When the attempt `t` began to run and when it was rendered: as it was written down, else as whoever saw it says. Agos, because the clock
 * of the database and that of the process differ.
 */
export function toSpan(span: RenderSpan | undefined, now: RawBuilder<unknown> = sql`clock_timestamp()`) {
  const told = (agoMs: number | undefined) =>
    span === undefined || agoMs === undefined
      ? sql`null::timestamptz`
      : sql`case when t.id = ${span.attemptId}::uuid and t.ended_at is null
          then ${now} - ${agoMs}::float8 * interval '1 millisecond' end`;
  return {
    runningAt: sql`coalesce(t.running_at, ${told(span?.beganAgoMs)})`,
    renderedAt: sql`coalesce(t.rendered_at, ${told(span?.endedAgoMs)})`,
  };
}

/** For whoever takes the attempt up later, or ends the job without having seen it. */
export async function noteRender(db: Kysely<Tables>, lease: Lease, span: RenderSpan): Promise<void> {
  const { runningAt, renderedAt } = toSpan(span);
  await sql`
    update comfy.attempts t set running_at = ${runningAt}, rendered_at = ${renderedAt}
    where ${mayBeLost} and t.id = ${span.attemptId}::uuid and t.job_id = ${lease.jobId}::uuid and t.ended_at is null
      and exists (select from comfy.jobs j where ${isHeld(lease)})`.execute(db);
}
