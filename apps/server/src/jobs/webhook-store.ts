import type { JobWebhookEvent, WebhookEventType } from "@comfy/contracts";
import type { Ending } from "./job-store.ts";
import type { DeliveryTry } from "./outbox.ts";

/** Endpoints that one owner may have. */
export const ENDPOINTS_MAX = 20;

/** A registered receiver. */
export interface WebhookEndpoint {
  readonly id: string;
  readonly ownerId: string;
  readonly url: string;
  readonly events: readonly JobWebhookEvent[];
  readonly description?: string;
  readonly isEnabled: boolean;
  readonly disabledReason?: "owner" | "gone" | "failing";
  readonly failingSinceMs?: number;
  /** Its secret is derived from its root, its id and this. */
  readonly secretVersion: number;
  /** The root, sealed. Absent for endpoints from before there were such: theirs is the API secret of the environment. */
  readonly secretSealed?: Uint8Array;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

export type NewEndpoint = Pick<
  WebhookEndpoint,
  "id" | "ownerId" | "url" | "events" | "description" | "secretSealed"
> & {
  /** Hex SHA-256 of the key and of the body. */
  readonly idempotency?: { readonly keyHash: string; readonly fingerprint: string };
};

export type InsertOutcome =
  | { readonly type: "made"; readonly endpoint: WebhookEndpoint }
  /** The idempotency key made it before. */
  | { readonly type: "replayed"; readonly endpoint: WebhookEndpoint }
  | { readonly type: "idempotency_key_reused" }
  /** The owner has {@link ENDPOINTS_MAX} already. */
  | { readonly type: "limit" };

/** `null` removes the description. */
export interface EndpointChanges {
  readonly url?: string | undefined;
  readonly events?: readonly JobWebhookEvent[] | undefined;
  readonly description?: string | null | undefined;
  readonly isEnabled?: boolean | undefined;
}

/** One of an owner's. Somebody else's is found by nobody. */
export interface Owned {
  readonly ownerId: string;
  readonly id: string;
}

/** The receivers that owners registered. */
export interface WebhookEndpoints {
  insert(endpoint: NewEndpoint): Promise<InsertOutcome>;
  /** Oldest first. */
  list(ownerId: string): Promise<readonly WebhookEndpoint[]>;
  find(endpoint: Owned): Promise<WebhookEndpoint | undefined>;
  /** Disabling gives up what is owed; enabling forgets failures. Undefined when there is none. */
  update(endpoint: Owned, changes: EndpointChanges): Promise<WebhookEndpoint | undefined>;
  /** With its delivery log. False when there is none. */
  remove(endpoint: Owned): Promise<boolean>;
  /** The next version signs, the one it replaces signs along for a day. Undefined when there is none. */
  rotateSecret(endpoint: Owned): Promise<WebhookEndpoint | undefined>;
  /** Gives up what an endpoint that takes nothing any more is still owed. */
  giveUpOwed(endpointId: string): Promise<void>;
}

/** A line of the delivery log. */
export interface Delivery {
  readonly id: string;
  readonly event: WebhookEventType;
  readonly status: "pending" | "delivered" | "failed";
  /** Absent: the job's `callbackUrl`. */
  readonly endpointId?: string;
  readonly jobId?: string;
  readonly createdAtMs: number;
  readonly nextTryAtMs?: number;
  readonly deliveredAtMs?: number;
  readonly problem?: string;
  /** The newest {@link TRIES_SHOWN_MAX}, oldest first. */
  readonly tries: readonly (DeliveryTry & { readonly n: number; readonly triedAtMs: number })[];
}

export const TRIES_SHOWN_MAX = 20;

/** Whose deliveries: those of an endpoint or those of a job, of one owner. */
export type DeliveriesOf = { readonly ownerId: string } & (
  | { readonly endpointId: string }
  | { readonly jobId: string }
);

export interface DeliveryLog {
  /** Newest first, those before `beforeId`. */
  list(of: DeliveriesOf, page: { limit: number; beforeId?: string }): Promise<readonly Delivery[]>;
  find(of: DeliveriesOf, deliveryId: string): Promise<Delivery | undefined>;
  /** Owes a `webhook.test`. */
  insertTest(test: { readonly id: string; readonly ownerId: string; readonly endpointId: string }): Promise<void>;
  /** Makes a delivery due now, its schedule begun anew; one that is being sent is left alone. */
  replay(deliveryId: string): Promise<void>;
}

/** The event that an ending is told as. */
export function toJobEvent(state: Ending["state"]): JobWebhookEvent {
  if (state === "complete") return "job.completed";
  return state === "cancelled" ? "job.cancelled" : "job.failed";
}
