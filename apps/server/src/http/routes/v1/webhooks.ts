import type { IncomingMessage } from "node:http";
import type { webhookCreate, webhookPatch } from "@comfy/contracts";
import type * as z from "zod";
import { AppError } from "../../../errors.ts";
import type { AppDeps } from "../../deps.ts";
import { readIdempotencyKey, tellReplay } from "../../idempotency-key.ts";
import { authenticatedOf, visitOf } from "../../visit.ts";
import { presentDelivery, presentDeliveryPage, presentWebhook } from "./present-webhook.ts";
import type { MakingCall } from "./submit-request.ts";

interface Call {
  readonly req: IncomingMessage;
}
interface OneCall extends Call {
  readonly params: { readonly id: string };
}
interface DeliveryCall extends Call {
  readonly params: { readonly id: string; readonly deliveryId: string };
}
interface ListCall extends OneCall {
  readonly query: { readonly cursor?: string | undefined; readonly limit?: number | undefined };
}

const LIMIT = 20;

/** Results and signed links of all jobs of the owner are sent there: whoever says where to reads them. */
function assertReads({ req }: Call): void {
  if (authenticatedOf(req).caller.scopes.includes("read")) return;
  const words = "An endpoint is sent results: whoever says where to needs the scope read besides the scope webhooks.";
  throw new AppError("access_denied", words);
}

const ownerOf = ({ req }: Call): string => authenticatedOf(req).caller.ownerId;
const toOwned = (call: OneCall) => ({ ownerId: ownerOf(call), id: call.params.id });
const toEndpointsOwn = (call: OneCall) => ({ ownerId: ownerOf(call), endpointId: call.params.id });
const toJobsOwn = (call: OneCall) => ({ ownerId: ownerOf(call), jobId: call.params.id });
const toPage = ({ query: { cursor, limit = LIMIT } }: ListCall) => ({ limit, ...(cursor !== undefined && { cursor }) });

/** Endpoints that an owner registers, and what was delivered to them and to callbacks. */
export function createWebhookRoutes({ verbs }: AppDeps) {
  return {
    async create(call: MakingCall<z.infer<typeof webhookCreate>>) {
      assertReads(call);
      const { req, res, headers, body: webhook } = call;
      const { body } = visitOf(req);
      const wish = { ...webhook, ...readIdempotencyKey(headers), ownerId: ownerOf(call), body };
      const { endpoint, secret, isReplay } = await verbs.createWebhook(wish);
      tellReplay({ isReplay }, res);
      return { status: 201 as const, body: { ...presentWebhook(endpoint), secret } };
    },
    async list(call: Call) {
      const endpoints = await verbs.listWebhooks(ownerOf(call));
      return { status: 200 as const, body: { webhooks: endpoints.map(presentWebhook) } };
    },
    async read(call: OneCall) {
      return { status: 200 as const, body: presentWebhook(await verbs.readWebhook(toOwned(call))) };
    },
    async update(call: OneCall & { readonly body: z.infer<typeof webhookPatch> }) {
      if (call.body.url !== undefined) assertReads(call);
      return { status: 200 as const, body: presentWebhook(await verbs.updateWebhook(toOwned(call), call.body)) };
    },
    async delete(call: OneCall) {
      await verbs.deleteWebhook(toOwned(call));
      return { status: 204 as const, body: undefined };
    },
    async rotateSecret(call: OneCall) {
      const { secret, previousUntilMs } = await verbs.rotateWebhookSecret(toOwned(call));
      return {
        status: 200 as const,
        body: { secret, previousSecretUntil: new Date(previousUntilMs).toISOString() },
      };
    },
    async test(call: OneCall) {
      return { status: 202 as const, body: presentDelivery(await verbs.testWebhook(toOwned(call))) };
    },
    ...createDeliveryRoutes(verbs),
  };
}

function createDeliveryRoutes(verbs: AppDeps["verbs"]) {
  return {
    async listDeliveries(call: ListCall) {
      const page = await verbs.listDeliveries(toEndpointsOwn(call), toPage(call));
      return { status: 200 as const, body: presentDeliveryPage(page) };
    },
    async replay(call: DeliveryCall) {
      const delivery = await verbs.replayDelivery(toEndpointsOwn(call), call.params.deliveryId);
      return { status: 202 as const, body: presentDelivery(delivery) };
    },
    async listOfJob(call: ListCall) {
      const page = await verbs.listDeliveries(toJobsOwn(call), toPage(call));
      return { status: 200 as const, body: presentDeliveryPage(page) };
    },
    async replayOfJob(call: DeliveryCall) {
      const delivery = await verbs.replayDelivery(toJobsOwn(call), call.params.deliveryId);
      return { status: 202 as const, body: presentDelivery(delivery) };
    },
  };
}
