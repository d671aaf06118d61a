import { createDeliverWebhooks } from "../jobs/deliver-webhooks.ts";
import type { JobPresenter } from "../jobs/present-job.ts";
import { createV1JobPresenter } from "../jobs/present-v1-job.ts";
import { createWebhookBody } from "../jobs/webhook-body.ts";
import { createWebhookDeliveryVerbs } from "../jobs/webhook-deliveries.ts";
import { createWebhookEndpointVerbs } from "../jobs/webhook-endpoints.ts";
import { createWebhookSecrets } from "../jobs/webhook-secrets.ts";
import { createCourier } from "../worker/courier.ts";
import type { Ground } from "./ground.ts";
import type { Assets, Records } from "./storage.ts";

/** What owners do with endpoints and deliveries. */
export function composeWebhookVerbs({ config }: Ground, stored: Records, assets: Assets, knockOutbox: () => void) {
  const { endpoints, deliveries, jobs, sealer, keys } = stored;
  const secrets = createWebhookSecrets({ ...config, sealer, keys });
  const { assertAllowed: assertUrlAllowed } = assets.outgoing.files;
  const verbs = createWebhookEndpointVerbs({
    ...{ endpoints, secrets, sealer, assertUrlAllowed },
    hasApiSecret: config.apiSecret !== "",
  });
  return { ...verbs, ...createWebhookDeliveryVerbs({ deliveries, jobs, readWebhook: verbs.readWebhook, knockOutbox }) };
}

/** Who delivers what ended jobs owe. */
export function composeCourier(
  { config, log, clock, holder }: Ground,
  { jobs, outbox, endpoints, database, sealer, keys }: Records,
  { outgoing }: Assets,
  presenter: Pick<JobPresenter, "presentResult">,
) {
  const deliver = createDeliverWebhooks({
    ...{ outbox, endpoints, clock, log, holder },
    sender: outgoing.sender,
    secrets: createWebhookSecrets({ ...config, sealer, keys }),
    toWebhookBody: createWebhookBody({ jobs, presenter, ...createV1JobPresenter(presenter) }),
    random: Math.random,
  });
  return createCourier({ deliver, outbox, log, isAlone: database.durability === "process" });
}
