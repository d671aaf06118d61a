import { type Kysely, sql } from "kysely";
import type { Outbox } from "../../jobs/outbox.ts";
import { claimDeliveries } from "./claim-deliveries.ts";
import { settleDelivery } from "./settle-delivery.ts";
import type { Tables } from "./tables.ts";

export function createOutbox(db: Kysely<Tables>): Outbox {
  return {
    claim: (options) => claimDeliveries(db, options),
    settle: (delivery, try_, after) => settleDelivery(db, delivery, try_, after),
    async release({ id, leaseEpoch }) {
      await sql`
        update comfy.outbox set due_at = clock_timestamp(), holder = null
        where id = ${id}::uuid and lease_epoch = ${leaseEpoch}::integer and holder is not null`.execute(db);
    },
    async releaseAll() {
      await sql`update comfy.outbox set due_at = clock_timestamp(), holder = null where holder is not null`.execute(db);
    },
  };
}
