import type { WebhookEventType } from "@comfy/contracts";
import { type Kysely, type RawBuilder, sql } from "kysely";
import { isId } from "../../ids.ts";
import { type DeliveriesOf, type Delivery, type DeliveryLog, TRIES_SHOWN_MAX } from "../../jobs/webhook-store.ts";
import type { Tables } from "./tables.ts";
import { toText } from "./write-values.ts";

interface DeliveryRow {
  readonly id: string;
  readonly event: WebhookEventType;
  readonly endpoint_id: string | null;
  readonly job_id: string | null;
  readonly created_at: Date;
  readonly due_at: Date | null;
  readonly delivered_at: Date | null;
  readonly problem: string | null;
  readonly tries: readonly TryJson[] | null;
}

interface TryJson {
  readonly n: number;
  readonly triedAtMs: number;
  readonly durationMs: number;
  readonly status: number | null;
  readonly problem: string | null;
}

export function createDeliveryLog(db: Kysely<Tables>): DeliveryLog {
  async function read(of: DeliveriesOf, rest: RawBuilder<unknown>): Promise<Delivery[]> {
    if (!isId("jobId" in of ? of.jobId : of.endpointId)) return [];
    const { rows } = await sql<DeliveryRow>`
      select o.id, o.event, o.endpoint_id, o.job_id, o.created_at, o.due_at, o.delivered_at, o.problem, ${triesJson} as tries
      from comfy.outbox o where ${isOf(of)} and ${rest}`.execute(db);
    return rows.map(toDelivery);
  }

  return {
    async list(of, { limit, beforeId }) {
      const isBefore = beforeId !== undefined && isId(beforeId) ? sql`o.id < ${beforeId}::uuid` : sql`true`;
      return read(of, sql`${isBefore} order by o.id desc limit ${limit}`);
    },
    async find(of, deliveryId) {
      if (!isId(deliveryId)) return undefined;
      const [found] = await read(of, sql`o.id = ${deliveryId}::uuid`);
      return found;
    },
    async insertTest({ id, ownerId, endpointId }) {
      await sql`
        insert into comfy.outbox (id, owner_id, event, endpoint_id, target)
        values (${id}::uuid, ${toText(ownerId)}, 'webhook.test', ${endpointId}::uuid, ${endpointId})`.execute(db);
    },
    async replay(deliveryId) {
      await sql`
        update comfy.outbox set
          due_at = clock_timestamp(), holder = null, first_tried_at = null,
          delivered_at = null, given_up_at = null, problem = null
        where id = ${deliveryId}::uuid and (holder is null or due_at <= statement_timestamp())`.execute(db);
    },
  };
}

const triesJson = sql`(
  select json_agg(json_build_object(
    'n', t.n, 'triedAtMs', floor(extract(epoch from t.tried_at) * 1000), 'durationMs', t.duration_ms,
    'status', t.status, 'problem', t.problem) order by t.n)
  from comfy.delivery_tries t where t.outbox_id = o.id and t.n > o.tries - ${TRIES_SHOWN_MAX})`;

function isOf(of: DeliveriesOf): RawBuilder<unknown> {
  const whose = "jobId" in of ? sql`o.job_id = ${of.jobId}::uuid` : sql`o.endpoint_id = ${of.endpointId}::uuid`;
  return sql`${whose} and o.owner_id = ${toText(of.ownerId)}`;
}

function toStatus({ due_at, delivered_at }: DeliveryRow): Delivery["status"] {
  if (delivered_at) return "delivered";
  return due_at ? "pending" : "failed";
}

function toDelivery(row: DeliveryRow): Delivery {
  return {
    id: row.id,
    event: row.event,
    status: toStatus(row),
    ...(row.endpoint_id !== null && { endpointId: row.endpoint_id }),
    ...(row.job_id !== null && { jobId: row.job_id }),
    createdAtMs: row.created_at.getTime(),
    ...(row.due_at && { nextTryAtMs: row.due_at.getTime() }),
    ...(row.delivered_at && { deliveredAtMs: row.delivered_at.getTime() }),
    ...(row.problem !== null && { problem: row.problem }),
    tries: (row.tries ?? []).map(({ n, triedAtMs, durationMs, status, problem }) => ({
      ...{ n, triedAtMs, durationMs },
      ...(status !== null && { status }),
      ...(problem !== null && { problem }),
    })),
  };
}
