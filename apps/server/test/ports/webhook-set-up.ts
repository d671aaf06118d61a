import { sql } from "kysely";
import { createDeliveryLog } from "../../src/adapters/database/delivery-log.ts";
import { createJobStore } from "../../src/adapters/database/job-store.ts";
import { createOutbox } from "../../src/adapters/database/outbox.ts";
import { createWebhookEndpoints } from "../../src/adapters/database/webhook-endpoints.ts";
import { createId } from "../../src/ids.ts";
import type { Acceptance } from "../../src/jobs/job-store.ts";
import type { OwedDelivery } from "../../src/jobs/outbox.ts";
import type { NewEndpoint } from "../../src/jobs/webhook-store.ts";
import { acceptAndClaim, type complete, failed, type GetDatabase, MINUTE_MS } from "./set-up.ts";

export const OWNER = "env:owner";
/** A key of the environment: callbacks of its jobs are signed with the secret of all of them. */
const KEY_ID = "key-0123456789abcdef";
export const CALLBACK = "https://example.com/hook";

/** The parts that deliveries go through, over the database under test. */
export function createWebhookParts(getDatabase: GetDatabase) {
  const { db } = getDatabase();
  const jobs = createJobStore(db);
  const endpoints = createWebhookEndpoints(db);
  const outbox = createOutbox(db);

  return {
    db,
    jobs,
    endpoints,
    outbox,
    log: createDeliveryLog(db),
    take: (count = 100, leaseMs = MINUTE_MS) => outbox.claim({ holder: "courier", count, leaseMs }),

    /** Ends a job, and gives its id. */
    async end(changes: Partial<Acceptance> = {}, ending: typeof failed | ReturnType<typeof complete> = failed) {
      const { job, lease } = await acceptAndClaim(jobs, { keyId: KEY_ID, ...changes });
      await jobs.finish({ jobId: job.id, lease, ending, isRefunded: false });
      return job.id;
    },

    async register(changes: Partial<NewEndpoint> = {}) {
      const events = ["job.completed", "job.failed", "job.cancelled"] as const;
      const endpoint = { id: createId(), ownerId: OWNER, url: "https://example.com/endpoint", events, ...changes };
      const outcome = await endpoints.insert(endpoint);
      if (outcome.type !== "made") throw new Error(`The endpoint was not made: ${outcome.type}.`);
      return outcome.endpoint;
    },

    /** Makes everything that is owed due now; what is under way has lost its lease. */
    makeDue: () => sql`update comfy.outbox set due_at = clock_timestamp() where due_at is not null`.execute(db),

    giveUp: (delivery: OwedDelivery) => outbox.settle(delivery, { durationMs: 5, problem: "refused" }, "given_up"),
  };
}

export type WebhookParts = ReturnType<typeof createWebhookParts>;
