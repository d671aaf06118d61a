import { type JobWebhookEvent, jobWebhookEvents } from "@comfy/contracts";
import { AppError } from "../errors.ts";
import { createId } from "../ids.ts";
import type { WebhookSecrets } from "./webhook-secrets.ts";
import {
  ENDPOINTS_MAX,
  type EndpointChanges,
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
}

/** A secret replaced less than this ago signs along. */
const OVERLAP_MS = 24 * 60 * 60 * 1000;

/** What an owner does with its endpoints. */
export interface WebhookEndpointVerbs {
  /** @throws AppError `webhook_limit` */
  createWebhook(webhook: NewWebhook): Promise<{ readonly endpoint: WebhookEndpoint; readonly secret: string }>;
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
    async createWebhook({ ownerId, url, events = jobWebhookEvents, description }) {
      assertUrlAllowed(url, "url");
      const endpoint = await endpoints.insert({
        ...{ id: createId(), ownerId, url, events: [...new Set(events)] },
        ...(description !== undefined && { description }),
      });
      if (endpoint) return { endpoint, secret: await secrets.ofEndpoint(endpoint.id, endpoint.secretVersion) };
      throw new AppError("webhook_limit", `There are ${ENDPOINTS_MAX} endpoints already, the most that one may have.`);
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

const notFound = ({ id }: Owned) =>
  new AppError("webhook_not_found", `No webhook endpoint with the id ${id} belongs to this key.`);

function orNotFound(endpoint: WebhookEndpoint | undefined, webhook: Owned): WebhookEndpoint {
  if (!endpoint) throw notFound(webhook);
  return endpoint;
}
