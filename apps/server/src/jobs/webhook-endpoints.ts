import { randomBytes } from "node:crypto";
import { type JobWebhookEvent, jobWebhookEvents } from "@comfy/contracts";
import { sha256Hex } from "@comfy/signing";
import type { Sealer } from "../access/seal.ts";
import { AppError } from "../errors.ts";
import { createId } from "../ids.ts";
import { sealingOfEndpoint, type WebhookSecrets } from "./webhook-secrets.ts";
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
  readonly secrets: Pick<WebhookSecrets, "ofEndpoint">;
  readonly sealer: Sealer;
  /** Where nothing can be sealed there is a secret of the environment that endpoints' secrets are derived from. */
  readonly hasApiSecret: boolean;
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

/** What all versions of an endpoint's secret are derived from. */
const ROOT_BYTES = 32;

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
      const outcome = await endpoints.insert({ ...toNewEndpoint(webhook, deps), ...idempotency });
      switch (outcome.type) {
        case "made":
        case "replayed": {
          const { endpoint, type } = outcome;
          const secret = await secrets.ofEndpoint(endpoint, endpoint.secretVersion);
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
      const endpoint = orNotFound(await endpoints.rotateSecret(webhook), webhook);
      const secret = await secrets.ofEndpoint(endpoint, endpoint.secretVersion);
      return { secret, previousUntilMs: endpoint.updatedAtMs + OVERLAP_MS };
    },
  };
}

function toNewEndpoint(
  { ownerId, url, events = jobWebhookEvents, description }: Omit<NewWebhook, "body">,
  { sealer, hasApiSecret }: Pick<WebhookEndpointsDeps, "sealer" | "hasApiSecret">,
): NewEndpoint {
  const id = createId();
  const isRooted = sealer.canSeal || !hasApiSecret;
  return {
    ...{ id, ownerId, url, events: [...new Set(events)] },
    ...(isRooted && { secretSealed: sealer.seal(sealingOfEndpoint(id), randomBytes(ROOT_BYTES)) }),
    ...(description !== undefined && { description }),
  };
}

const notFound = ({ id }: Owned) =>
  new AppError("webhook_not_found", `No webhook endpoint with the id ${id} belongs to this key.`);

function orNotFound(endpoint: WebhookEndpoint | undefined, webhook: Owned): WebhookEndpoint {
  if (!endpoint) throw notFound(webhook);
  return endpoint;
}
