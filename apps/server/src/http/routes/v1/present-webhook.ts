import type { Webhook, WebhookDelivery, WebhookDeliveryPage } from "@comfy/contracts";
import type { DeliveryPage } from "../../../jobs/webhook-deliveries.ts";
import type { Delivery, WebhookEndpoint } from "../../../jobs/webhook-store.ts";

const toIso = (timeMs: number): string => new Date(timeMs).toISOString();

export function presentWebhook(endpoint: WebhookEndpoint): Webhook {
  const { id, url, events, description, isEnabled, disabledReason, failingSinceMs } = endpoint;
  return {
    ...{ id, url, events: [...events], isEnabled },
    ...(description !== undefined && { description }),
    ...(disabledReason !== undefined && { disabledReason }),
    ...(failingSinceMs !== undefined && { failingSince: toIso(failingSinceMs) }),
    createdAt: toIso(endpoint.createdAtMs),
    updatedAt: toIso(endpoint.updatedAtMs),
  };
}

export function presentDelivery(delivery: Delivery): WebhookDelivery {
  const { id, event, status, endpointId, jobId, createdAtMs, nextTryAtMs, deliveredAtMs, problem, tries } = delivery;
  return {
    ...{ id, event, status },
    ...(endpointId !== undefined && { webhookId: endpointId }),
    ...(jobId !== undefined && { jobId }),
    createdAt: toIso(createdAtMs),
    ...(nextTryAtMs !== undefined && { nextTryAt: toIso(nextTryAtMs) }),
    ...(deliveredAtMs !== undefined && { deliveredAt: toIso(deliveredAtMs) }),
    ...(problem !== undefined && { problem }),
    tries: tries.map(({ triedAtMs, ...rest }) => ({ ...rest, triedAt: toIso(triedAtMs) })),
  };
}

export function presentDeliveryPage({ deliveries, nextCursor }: DeliveryPage): WebhookDeliveryPage {
  return { deliveries: deliveries.map(presentDelivery), ...(nextCursor !== undefined && { nextCursor }) };
}
