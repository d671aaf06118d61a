import { AppError } from "../../src/errors.ts";
import type { WebhookDeliveryVerbs } from "../../src/jobs/webhook-deliveries.ts";
import type { WebhookEndpointVerbs } from "../../src/jobs/webhook-endpoints.ts";

async function refuse(): Promise<never> {
  throw new AppError("webhook_not_found", "Nobody registered an endpoint at this door.");
}

/** A door where nobody has endpoints: what they do is tested over the real database. */
export const webhookVerbs: WebhookEndpointVerbs & WebhookDeliveryVerbs = {
  createWebhook: refuse,
  listWebhooks: async () => [],
  readWebhook: refuse,
  updateWebhook: refuse,
  deleteWebhook: refuse,
  rotateWebhookSecret: refuse,
  listDeliveries: refuse,
  replayDelivery: refuse,
  testWebhook: refuse,
};
