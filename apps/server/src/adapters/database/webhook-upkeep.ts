import { type Kysely, sql } from "kysely";
import { deleteInBatches } from "./delete-in-batches.ts";
import type { Tables } from "./tables.ts";

/** Forgets deliveries that were settled 30 days ago, and settles those whose endpoint was disabled or deleted while they were owed. */
export async function runWebhookUpkeep(db: Kysely<Tables>): Promise<void> {
  await deleteInBatches(
    db,
    "comfy.outbox",
    sql`due_at is null and created_at < statement_timestamp() - interval '30 days'
      and coalesce(delivered_at, given_up_at) < statement_timestamp() - interval '30 days'`,
  );
  await deleteInBatches(
    db,
    "comfy.outbox",
    sql`endpoint_id is not null
      and not exists (select from comfy.webhook_endpoints e where e.id = endpoint_id)`,
  );
  await sql`
    update comfy.outbox o set
      due_at = null, given_up_at = clock_timestamp(), holder = null, problem = 'The endpoint was disabled.'
    from comfy.webhook_endpoints e
    where e.id = o.endpoint_id and not e.is_enabled and o.due_at is not null
      and (o.holder is null or o.due_at <= statement_timestamp())`.execute(db);
}
