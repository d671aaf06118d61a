import { type Kysely, sql } from "kysely";
import type { Outbox, OwedDelivery } from "../../jobs/outbox.ts";
import { fromNow, now } from "./job-rows.ts";
import type { Tables } from "./tables.ts";
import { toText } from "./write-values.ts";

interface OutboxRow {
  readonly id: string;
  readonly job_id: string;
  readonly owner_id: string;
  readonly url: string;
  readonly tries: number;
  readonly first_tried_at: Date | null;
}

interface Try {
  readonly status?: number;
  readonly problem?: string;
  readonly durationMs: number;
}

type Next = "delivered" | "given_up" | { readonly inMs: number };

export function createOutbox(db: Kysely<Tables>): Outbox {
  return {
    claim: (options) => claimDeliveries(db, options),
    markDelivered: (id, try_) => recordTry(db, id, try_, "delivered"),
    markFailed: (id, { nextInMs, ...try_ }) =>
      recordTry(db, id, try_, nextInMs === null ? "given_up" : { inMs: nextInMs }),
  };
}

/** A claimed delivery is due again when the lease ends, so that one whose process died is sent by another. */
async function claimDeliveries(
  db: Kysely<Tables>,
  { holder, count, leaseMs }: Parameters<Outbox["claim"]>[0],
): Promise<OwedDelivery[]> {
  const { rows } = await sql<OutboxRow>`
    with due as materialized (
      select id from comfy.outbox where due_at <= ${now}
      order by due_at limit ${count} for no key update skip locked
    )
    update comfy.outbox o set due_at = ${fromNow(leaseMs)}, holder = ${toText(holder)}
    from due where o.id = due.id
    returning o.id, o.job_id, o.owner_id, o.url, o.tries, o.first_tried_at`.execute(db);
  return rows.map((row) => ({
    id: row.id,
    jobId: row.job_id,
    ownerId: row.owner_id,
    url: row.url,
    tries: row.tries,
    ...(row.first_tried_at && { firstTriedAtMs: row.first_tried_at.getTime() }),
  }));
}

/** Writes one line of the delivery log and what comes next. A delivery that was settled stays settled. */
async function recordTry(
  db: Kysely<Tables>,
  id: string,
  { status, problem, durationMs }: Try,
  next: Next,
): Promise<void> {
  const began = fromNow(-durationMs);
  await sql`
    with tried as (
      update comfy.outbox o set
        tries = o.tries + 1,
        first_tried_at = coalesce(o.first_tried_at, ${began}),
        due_at = ${typeof next === "object" ? fromNow(next.inMs) : sql`null`},
        delivered_at = ${next === "delivered" ? sql`clock_timestamp()` : sql`null`},
        given_up_at = ${next === "given_up" ? sql`clock_timestamp()` : sql`null`},
        holder = null
      where o.id = ${id}::uuid and o.due_at is not null
      returning o.id, o.tries
    )
    insert into comfy.delivery_tries (outbox_id, n, tried_at, duration_ms, status, problem)
    select id, tries, ${began}, ${Math.round(durationMs)}::integer, ${status ?? null}::integer,
      ${problem === undefined ? null : toText(problem)}
    from tried`.execute(db);
}
