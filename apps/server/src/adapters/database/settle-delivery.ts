import { type Kysely, type RawBuilder, sql } from "kysely";
import type { AfterTry, DeliveryTry, OwedDelivery } from "../../jobs/outbox.ts";
import { fromNow } from "./job-rows.ts";
import type { Tables } from "./tables.ts";
import { toTextOrNull } from "./write-values.ts";

/** An endpoint is disabled after so many deliveries given up in a row, when nothing was taken for so long. */
const FAILED_DELIVERIES_MAX = 5;
const FAILING_MAX = sql`interval '24 hours'`;

/** One line of the delivery log, what comes next, and what it says about the endpoint: one statement. */
export async function settleDelivery(
  db: Kysely<Tables>,
  { id, leaseEpoch }: Pick<OwedDelivery, "id" | "leaseEpoch">,
  { status, problem, durationMs }: DeliveryTry,
  after: AfterTry,
): Promise<{ disabledEndpointId?: string }> {
  const began = fromNow(-durationMs);
  const isDelivered = after === "delivered";
  const isOver = after === "given_up" || after === "gone";
  const { rows } = await sql<{ id: string }>`
    with tried as (
      update comfy.outbox o set
        tries = o.tries + 1,
        due_at = ${typeof after === "object" ? fromNow(after.nextInMs) : sql`null`},
        delivered_at = ${isDelivered ? sql`clock_timestamp()` : sql`null`},
        given_up_at = ${isOver ? sql`clock_timestamp()` : sql`null`},
        holder = null, problem = null
      -- That it was taken is true, whoever holds it by now.
      where o.id = ${id}::uuid and o.due_at is not null
        and (${isDelivered} or (o.lease_epoch = ${leaseEpoch}::integer and o.holder is not null))
      returning o.id, o.tries, o.endpoint_id, o.event
    ),
    logged as (
      insert into comfy.delivery_tries (outbox_id, n, tried_at, duration_ms, status, problem)
      select id, tries, ${began}, ${Math.round(durationMs)}::integer, ${status ?? null}::integer, ${toTextOrNull(problem)}
      from tried
    ),
    judged as (${isDelivered ? forgiveEndpoint() : blameEndpoint(after)})
    select id from judged where not is_enabled`.execute(db);
  const [disabled] = rows;
  return disabled ? { disabledEndpointId: disabled.id } : {};
}

/** The endpoint's row is written only when it changes: a healthy one is never locked. */
function forgiveEndpoint(): RawBuilder<unknown> {
  return sql`
    update comfy.webhook_endpoints e set failed_deliveries = 0, failing_since = null
    from tried t where e.id = t.endpoint_id and e.failing_since is not null
    returning e.id, true as is_enabled`;
}

/** A test that nobody takes says nothing about deliveries; a receiver that is gone says it to a test as well. */
function blameEndpoint(after: AfterTry): RawBuilder<unknown> {
  const isGone = after === "gone";
  const isGivenUp = after === "given_up";
  const isOverdue = sql`${isGivenUp} and e.failed_deliveries + 1 >= ${FAILED_DELIVERIES_MAX}
    and coalesce(e.failing_since, clock_timestamp()) <= clock_timestamp() - ${FAILING_MAX}`;
  return sql`
    update comfy.webhook_endpoints e set
      failed_deliveries = e.failed_deliveries + ${isGivenUp ? 1 : 0},
      failing_since = coalesce(e.failing_since, clock_timestamp()),
      is_enabled = not (${isGone} or ${isOverdue}),
      disabled_reason = case when ${isGone} then 'gone' when ${isOverdue} then 'failing' end,
      updated_at = case when ${isGone} or ${isOverdue} then clock_timestamp() else e.updated_at end
    from tried t
    where e.id = t.endpoint_id and e.is_enabled and (${isGone} or t.event <> 'webhook.test')
      and (${isGone || isGivenUp} or e.failing_since is null)
    returning e.id, e.is_enabled`;
}
