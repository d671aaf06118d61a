import { AppError } from "../errors.ts";
import { createId, isId } from "../ids.ts";
import type { JobStore } from "./job-store.ts";
import type { DeliveriesOf, Delivery, DeliveryLog, Owned, WebhookEndpoint } from "./webhook-store.ts";

export interface WebhookDeliveriesDeps {
  readonly deliveries: DeliveryLog;
  readonly jobs: Pick<JobStore, "find">;
  /** Throws when the owner has no such endpoint. */
  readonly readWebhook: (webhook: Owned) => Promise<WebhookEndpoint>;
  /** Tells whoever delivers that something is due. */
  readonly knockOutbox: () => void;
}

export interface DeliveryPage {
  readonly deliveries: readonly Delivery[];
  /** Absent on the last page. */
  readonly nextCursor?: string;
}

/** What an owner does with deliveries, those of an endpoint or those of a job. Somebody else's are found by nobody. */
export interface WebhookDeliveryVerbs {
  listDeliveries(of: DeliveriesOf, page: { readonly limit: number; readonly cursor?: string }): Promise<DeliveryPage>;
  replayDelivery(of: DeliveriesOf, deliveryId: string): Promise<Delivery>;
  /** @throws AppError `webhook_disabled` */
  testWebhook(webhook: Owned): Promise<Delivery>;
}

export function createWebhookDeliveryVerbs(deps: WebhookDeliveriesDeps): WebhookDeliveryVerbs {
  const { deliveries, jobs, readWebhook, knockOutbox } = deps;

  async function assertOwn(of: DeliveriesOf): Promise<void> {
    if ("endpointId" in of) return void (await readWebhook({ ownerId: of.ownerId, id: of.endpointId }));
    const job = isId(of.jobId) ? await jobs.find(of.jobId) : undefined;
    if (job?.ownerId !== of.ownerId)
      throw new AppError("job_not_found", `No job with the id ${of.jobId} belongs to this key.`);
  }

  async function readDelivery(of: DeliveriesOf, deliveryId: string): Promise<Delivery> {
    const delivery = await deliveries.find(of, deliveryId);
    if (delivery) return delivery;
    throw new AppError("delivery_not_found", `There is no delivery with the id ${deliveryId} here.`);
  }

  async function assertEnabled(webhook: Owned): Promise<void> {
    const { isEnabled } = await readWebhook(webhook);
    if (!isEnabled) throw new AppError("webhook_disabled", "The endpoint is disabled: enable it first.");
  }

  return {
    async listDeliveries(of, { limit, cursor }) {
      await assertOwn(of);
      const beforeId = cursor === undefined ? undefined : parseCursor(cursor);
      // One more than asked for tells whether there is another page.
      const found = await deliveries.list(of, { limit: limit + 1, ...(beforeId !== undefined && { beforeId }) });
      const page = found.slice(0, limit);
      const last = page.at(-1);
      return { deliveries: page, ...(found.length > limit && last && { nextCursor: last.id }) };
    },
    async replayDelivery(of, deliveryId) {
      await assertOwn(of);
      const { endpointId } = await readDelivery(of, deliveryId);
      if (endpointId !== undefined) await assertEnabled({ ownerId: of.ownerId, id: endpointId });
      await deliveries.replay(deliveryId);
      knockOutbox();
      return readDelivery(of, deliveryId);
    },
    async testWebhook(webhook) {
      await assertEnabled(webhook);
      const of = { ownerId: webhook.ownerId, endpointId: webhook.id };
      const id = createId();
      await deliveries.insertTest({ ...of, id });
      knockOutbox();
      return readDelivery(of, id);
    },
  };
}

function parseCursor(cursor: string): string {
  if (isId(cursor)) return cursor;
  const message = "expected the nextCursor of an earlier page";
  throw new AppError("invalid_input", `?cursor: ${message}.`, { details: [{ path: "?cursor", message }] });
}
