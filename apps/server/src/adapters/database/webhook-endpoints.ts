import type { JobWebhookEvent } from "@comfy/contracts";
import { type Kysely, type RawBuilder, sql } from "kysely";
import { isId } from "../../ids.ts";
import {
  ENDPOINTS_MAX,
  type EndpointChanges,
  type InsertOutcome,
  type NewEndpoint,
  type Owned,
  type WebhookEndpoint,
  type WebhookEndpoints,
} from "../../jobs/webhook-store.ts";
import type { Tables } from "./tables.ts";
import { sqlStateOf } from "./translate-errors.ts";
import { toText, toTextOrNull } from "./write-values.ts";

interface EndpointRow {
  readonly id: string;
  readonly owner_id: string;
  readonly url: string;
  readonly events: JobWebhookEvent[];
  readonly description: string | null;
  readonly is_enabled: boolean;
  readonly disabled_reason: "owner" | "gone" | "failing" | null;
  readonly failing_since: Date | null;
  readonly secret_version: number;
  readonly secret_enc: Uint8Array | null;
  readonly created_at: Date;
  readonly updated_at: Date;
}

const UNIQUE_VIOLATION = "23505";

/** A replaced secret signs along for a day; of many replaced in one day, the last three. */
const ROTATIONS_KEPT = 3;

export function createWebhookEndpoints(db: Kysely<Tables>): WebhookEndpoints {
  return {
    insert: (endpoint) => insertEndpoint(db, endpoint),
    async list(ownerId) {
      const { rows } = await sql<EndpointRow>`
        select e.* from comfy.webhook_endpoints e where e.owner_id = ${toText(ownerId)} order by e.id`.execute(db);
      return rows.map(toEndpoint);
    },
    find: (endpoint) => readOne(db, endpoint, (isOwn) => sql`select e.* from comfy.webhook_endpoints e where ${isOwn}`),
    update: (endpoint, changes) => updateEndpoint(db, endpoint, changes),
    async remove(endpoint) {
      const removed = await readOne(
        db,
        endpoint,
        (isOwn) => sql`
          with gone as (delete from comfy.webhook_endpoints e where ${isOwn} returning e.*),
          log as (delete from comfy.outbox o using gone where o.endpoint_id = gone.id)
          select * from gone`,
      );
      return removed !== undefined;
    },
    rotateSecret: (endpoint) =>
      readOne(
        db,
        endpoint,
        (isOwn) => sql`
          update comfy.webhook_endpoints e set
            secret_version = e.secret_version + 1, updated_at = clock_timestamp(),
            secret_rotations = (array_prepend(clock_timestamp(), e.secret_rotations))[1:${ROTATIONS_KEPT}]
          where ${isOwn} returning e.*`,
      ),
    giveUpOwed: (endpointId) => giveUpOwed(db, endpointId),
  };
}

/** Takes the lowest free place; whoever takes it first at the same moment sends the other to the next one. */
async function insertEndpoint(db: Kysely<Tables>, endpoint: NewEndpoint): Promise<InsertOutcome> {
  for (let tries = 1; ; tries++) {
    const known = await findReplay(db, endpoint);
    if (known) return known;
    try {
      const { rows } = await toInsert(endpoint).execute(db);
      return rows[0] ? { type: "made", endpoint: toEndpoint(rows[0]) } : { type: "limit" };
    } catch (error) {
      if (sqlStateOf(error) !== UNIQUE_VIOLATION || tries > ENDPOINTS_MAX) throw error;
    }
  }
}

async function findReplay(
  db: Kysely<Tables>,
  { ownerId, idempotency }: NewEndpoint,
): Promise<InsertOutcome | undefined> {
  if (!idempotency) return undefined;
  const { rows } = await sql<EndpointRow & { readonly fingerprint: string }>`
    select e.* from comfy.webhook_endpoints e
    where e.owner_id = ${toText(ownerId)} and e.idempotency_hash = ${idempotency.keyHash}`.execute(db);
  const [known] = rows;
  if (!known) return undefined;
  if (known.fingerprint !== idempotency.fingerprint) return { type: "idempotency_key_reused" };
  return { type: "replayed", endpoint: toEndpoint(known) };
}

function toInsert({
  id,
  ownerId,
  url,
  events,
  description,
  secretSealed,
  idempotency,
}: NewEndpoint): RawBuilder<EndpointRow> {
  const owner = toText(ownerId);
  return sql`
    insert into comfy.webhook_endpoints as e (
      id, owner_id, slot, url, events, description, secret_enc, idempotency_hash, fingerprint
    )
    select ${id}::uuid, ${owner}, s, ${toText(url)}, ${events}::text[], ${toTextOrNull(description)},
      ${secretSealed ?? null}::bytea, ${idempotency?.keyHash ?? null}, ${idempotency?.fingerprint ?? null}
    from generate_series(1, ${ENDPOINTS_MAX}::integer) s
    where not exists (select from comfy.webhook_endpoints o where o.owner_id = ${owner} and o.slot = s)
    order by s limit 1
    returning e.*`;
}

async function updateEndpoint(
  db: Kysely<Tables>,
  endpoint: Owned,
  { url, events, description, isEnabled }: EndpointChanges,
): Promise<WebhookEndpoint | undefined> {
  const sets = [sql`updated_at = clock_timestamp()`];
  if (url !== undefined) sets.push(sql`url = ${toText(url)}`);
  if (events !== undefined) sets.push(sql`events = ${events}::text[]`);
  if (description !== undefined) sets.push(sql`description = ${description === null ? null : toText(description)}`);
  if (isEnabled === true)
    sets.push(sql`is_enabled = true, disabled_reason = null, failed_deliveries = 0, failing_since = null`);
  // Who disabled it first stays told.
  if (isEnabled === false) sets.push(sql`is_enabled = false, disabled_reason = coalesce(e.disabled_reason, 'owner')`);
  const updated = await readOne(
    db,
    endpoint,
    (isOwn) => sql`update comfy.webhook_endpoints e set ${sql.join(sets)} where ${isOwn} returning e.*`,
  );
  if (updated && isEnabled === false) await giveUpOwed(db, updated.id);
  return updated;
}

/** What is being sent at the moment is left to whoever sends it. */
async function giveUpOwed(db: Kysely<Tables>, endpointId: string): Promise<void> {
  await sql`
    update comfy.outbox set
      due_at = null, given_up_at = clock_timestamp(), holder = null, problem = 'The endpoint was disabled.'
    where id in (
      select id from comfy.outbox
      where endpoint_id = ${endpointId}::uuid and due_at is not null and (holder is null or due_at <= statement_timestamp())
      for no key update skip locked
    )`.execute(db);
}

async function readOne(
  db: Kysely<Tables>,
  { ownerId, id }: Owned,
  toStatement: (isOwn: RawBuilder<unknown>) => RawBuilder<unknown>,
): Promise<WebhookEndpoint | undefined> {
  if (!isId(id)) return undefined;
  const statement = toStatement(sql`e.id = ${id}::uuid and e.owner_id = ${toText(ownerId)}`);
  const { rows } = await sql<EndpointRow>`${statement}`.execute(db);
  return rows[0] && toEndpoint(rows[0]);
}

function toEndpoint(row: EndpointRow): WebhookEndpoint {
  return {
    id: row.id,
    ownerId: row.owner_id,
    url: row.url,
    events: row.events,
    ...(row.description !== null && { description: row.description }),
    isEnabled: row.is_enabled,
    ...(row.disabled_reason !== null && { disabledReason: row.disabled_reason }),
    ...(row.failing_since && { failingSinceMs: row.failing_since.getTime() }),
    secretVersion: row.secret_version,
    ...(row.secret_enc && { secretSealed: row.secret_enc }),
    createdAtMs: row.created_at.getTime(),
    updatedAtMs: row.updated_at.getTime(),
  };
}
