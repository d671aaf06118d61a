import { type JobWebhookEvent, jobWebhookEvents } from "@comfy/contracts";
import { sha256Hex } from "@comfy/signing";
import { AppError } from "../errors.ts";
import { createId } from "../ids.ts";
import type { WebhookSecrets } from "./webhook-secrets.ts";
import {
  ENDPOINTS_MAX,
  type EndpointChanges,
  type NewEndpoint,
  type Owned,
  type WebhookEndpoint,
  type WebhookEndpoints,
} from "./webhook-store.ts";

export interface WebhookEndpointsDeps {
  readonly endpoints: WebhookEndpoints;
  readonly secrets: WebhookSecrets;
  /** Throws when the service may not be sent to this address. */
  readonly assertUrlAllowed: (url: string, field: string) => void;
}

export interface NewWebhook {
  readonly ownerId: string;
  readonly url: string;
  readonly events?: readonly JobWebhookEvent[] | undefined;
  readonly description?: string | undefined;
  readonly idempotencyKey?: string;
  /** The bytes of the request: what the same key must come with. */
  readonly body: Uint8Array;
}

export interface MadeWebhook {
  readonly endpoint: WebhookEndpoint;
  readonly secret: string;
  /** An earlier request with the same idempotency key made it. */
  readonly isReplay: boolean;
}

/** A secret replaced less than this ago signs along. */
const OVERLAP_MS = 24 * 60 * 60 * 1000;

/** What an owner does with its endpoints. */
export interface WebhookEndpointVerbs {
  /** @throws AppError `webhook_limit`, `idempotency_key_reused` */
  createWebhook(webhook: NewWebhook): Promise<MadeWebhook>;
  listWebhooks(ownerId: string): Promise<readonly WebhookEndpoint[]>;
  /** This and what follows: @throws AppError `webhook_not_found`, also for somebody else's */
  readWebhook(webhook: Owned): Promise<WebhookEndpoint>;
  updateWebhook(webhook: Owned, changes: EndpointChanges): Promise<WebhookEndpoint>;
  deleteWebhook(webhook: Owned): Promise<void>;
  rotateWebhookSecret(webhook: Owned): Promise<{ readonly secret: string; readonly previousUntilMs: number }>;
}

export function createWebhookEndpointVerbs(deps: WebhookEndpointsDeps): WebhookEndpointVerbs {
  const { endpoints, secrets, assertUrlAllowed } = deps;

  return {
    async createWebhook({ body, idempotencyKey, ...webhook }) {
      assertUrlAllowed(webhook.url, "url");
      const idempotency = idempotencyKey !== undefined && {
        idempotency: { keyHash: await sha256Hex(idempotencyKey), fingerprint: await sha256Hex(body) },
      };
      const outcome = await endpoints.insert({ ...toNewEndpoint(webhook), ...idempotency });
      switch (outcome.type) {
        case "made":
        case "replayed": {
          const { endpoint, type } = outcome;
          const secret = await secrets.ofEndpoint(endpoint.id, endpoint.secretVersion);
          return { endpoint, secret, isReplay: type === "replayed" };
        }
        case "idempotency_key_reused": {
          const words = "This Idempotency-Key was used before, with another body.";
          throw new AppError("idempotency_key_reused", words);
        }
        case "limit":
          throw new AppError("webhook_limit", `Expected at most ${ENDPOINTS_MAX} endpoints: delete one first.`);
      }
    },
    listWebhooks: (ownerId) => endpoints.list(ownerId),
    readWebhook: async (webhook) => orNotFound(await endpoints.find(webhook), webhook),
    async updateWebhook(webhook, changes) {
      if (changes.url !== undefined) assertUrlAllowed(changes.url, "url");
      const events = changes.events && [...new Set(changes.events)];
      return orNotFound(await endpoints.update(webhook, { ...changes, events }), webhook);
    },
    async deleteWebhook(webhook) {
      if (!(await endpoints.remove(webhook))) throw notFound(webhook);
    },
    async rotateWebhookSecret(webhook) {
      const { id, secretVersion, updatedAtMs } = orNotFound(await endpoints.rotateSecret(webhook), webhook);
      return { secret: await secrets.ofEndpoint(id, secretVersion), previousUntilMs: updatedAtMs + OVERLAP_MS };
    },
  };
}

function toNewEndpoint({
  ownerId,
  url,
  events = jobWebhookEvents,
  description,
}: Omit<NewWebhook, "body">): NewEndpoint {
  const isDescribed = description !== undefined;
  return { id: createId(), ownerId, url, events: [...new Set(events)], ...(isDescribed && { description }) };
}

const notFound = ({ id }: Owned) =>
  new AppError("webhook_not_found", `No webhook endpoint with the id ${id} belongs to this key.`);

function orNotFound(endpoint: WebhookEndpoint | undefined, webhook: Owned): WebhookEndpoint {
  if (!endpoint) throw notFound(webhook);
  return endpoint;
}
