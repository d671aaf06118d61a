import * as z from "zod";
import type { RouteMetadata } from "../access.ts";
import { c } from "../contract.ts";
import { writeHeaders } from "../headers.ts";
import { readErrors, writeErrors } from "../product/responses.ts";
import {
  deliveryPageQuery,
  webhook,
  webhookCreate,
  webhookDelivery,
  webhookDeliveryPage,
  webhookList,
  webhookPatch,
  webhookSecret,
  webhookWithSecret,
} from "./webhook-schemas.ts";

const metadata: RouteMetadata = { access: "signed", bucket: "requests", scope: "webhooks", tag: "Platform: webhooks" };

const endpointParams = z.object({ id: z.string().min(1).describe("The endpoint's id.") });
const jobParams = z.object({ id: z.string().min(1).describe("The job's id.") });
const deliveryId = z.string().min(1).describe("The delivery's id.");
const nothing = z.strictObject({}).optional().describe("Nothing, or an empty object.");
const write = { headers: writeHeaders, metadata } as const;

const endpoints = {
  create: {
    ...write,
    method: "POST",
    path: "/api/v1/webhooks",
    summary: "Register an endpoint",
    description:
      "At most 20 for each owner. The answer holds the secret that its deliveries are signed with. Needs the scope `read` as well: results are sent there.",
    body: webhookCreate,
    responses: { 201: webhookWithSecret, ...writeErrors },
  },
  list: {
    method: "GET",
    path: "/api/v1/webhooks",
    summary: "List the endpoints",
    responses: { 200: webhookList, ...readErrors },
    metadata,
  },
  read: {
    method: "GET",
    path: "/api/v1/webhooks/:id",
    summary: "Read an endpoint",
    pathParams: endpointParams,
    responses: { 200: webhook, ...readErrors },
    metadata,
  },
  update: {
    ...write,
    method: "PATCH",
    path: "/api/v1/webhooks/:id",
    summary: "Change an endpoint",
    description:
      "Fields that are absent stay as they are. Deliveries that are still owed go to the new address. Another `url` needs the scope `read` as well.",
    pathParams: endpointParams,
    body: webhookPatch,
    responses: { 200: webhook, ...writeErrors },
  },
  delete: {
    metadata,
    method: "DELETE",
    path: "/api/v1/webhooks/:id",
    summary: "Delete an endpoint and its delivery log",
    pathParams: endpointParams,
    responses: { 204: c.noBody(), ...writeErrors },
  },
  rotateSecret: {
    ...write,
    method: "POST",
    path: "/api/v1/webhooks/:id/rotate-secret",
    summary: "Replace the secret",
    description: "For 24 hours deliveries carry two signatures: by the new secret and by the one it replaces.",
    pathParams: endpointParams,
    body: nothing,
    responses: { 200: webhookSecret, ...writeErrors },
  },
  test: {
    ...write,
    method: "POST",
    path: "/api/v1/webhooks/:id/test",
    summary: "Send a test delivery",
    description: "One signed `webhook.test`, tried once. Read the delivery to see what became of it.",
    pathParams: endpointParams,
    body: nothing,
    responses: { 202: webhookDelivery, ...writeErrors },
  },
} as const;

const deliveries = {
  listDeliveries: {
    method: "GET",
    path: "/api/v1/webhooks/:id/deliveries",
    summary: "List the deliveries of an endpoint",
    description: "Status and timing of each try; what was sent and answered is never kept.",
    pathParams: endpointParams,
    query: deliveryPageQuery,
    responses: { 200: webhookDeliveryPage, ...readErrors },
    metadata,
  },
  replay: {
    ...write,
    method: "POST",
    path: "/api/v1/webhooks/:id/deliveries/:deliveryId/replay",
    summary: "Send a delivery again",
    description:
      "The same `webhook-id`, new tries. Also for one that was given up. One that is being sent is left alone.",
    pathParams: endpointParams.extend({ deliveryId }),
    body: nothing,
    responses: { 202: webhookDelivery, ...writeErrors },
  },
  listOfJob: {
    method: "GET",
    path: "/api/v1/jobs/:id/deliveries",
    summary: "List the deliveries of a job",
    description: "To its `callbackUrl` and to endpoints.",
    pathParams: jobParams,
    query: deliveryPageQuery,
    responses: { 200: webhookDeliveryPage, ...readErrors },
    metadata,
  },
  replayOfJob: {
    ...write,
    method: "POST",
    path: "/api/v1/jobs/:id/deliveries/:deliveryId/replay",
    summary: "Send a delivery of a job again",
    description: "As for an endpoint; this one also takes the delivery to the job's `callbackUrl`.",
    pathParams: jobParams.extend({ deliveryId }),
    body: nothing,
    responses: { 202: webhookDelivery, ...writeErrors },
  },
} as const;

/** Registered receivers of what happens to jobs, signed as Standard Webhooks has it. */
export const v1WebhookRoutes = c.router({ ...endpoints, ...deliveries });
