import * as z from "zod";
import type { RouteMetadata } from "../access.ts";
import { c } from "../contract.ts";
import { errorBody } from "../errors.ts";
import { previewFlag, streamTicket, ticketParam } from "../events.ts";
import { headerNames, writeHeaders } from "../headers.ts";
import { lastEventId, waitSeconds } from "../product/jobs.ts";
import { readErrors, writeErrors } from "../product/responses.ts";
import { jobPageQuery } from "./job-query.ts";
import { jobCreate, v1Job, v1JobPage } from "./job-schemas.ts";

const tag = "Platform: jobs";
const read: RouteMetadata = { access: "signed", bucket: "jobReads", scope: "read", tag };
const write: RouteMetadata = { access: "signed", bucket: "requests", scope: "generate", tag };
const pathParams = z.object({ id: z.string().min(1).describe("The job's id.") });
const nothing = z.strictObject({}).optional().describe("Nothing, or an empty object.");
const content = c.otherResponse({ contentType: "application/octet-stream", body: z.unknown() });

export const v1JobRoutes = c.router({
  create: {
    method: "POST",
    path: "/api/v1/jobs",
    summary: "Queue a job",
    description:
      "Answers at once; the job is durable by then. The same Idempotency-Key with the same body gives the same job, with another body 422. Where the queue is switched off: 503 `async_disabled`.",
    headers: writeHeaders,
    body: jobCreate,
    responses: { 201: v1Job, ...writeErrors },
    metadata: { ...write, claims: "job" } satisfies RouteMetadata,
  },
  list: {
    method: "GET",
    path: "/api/v1/jobs",
    summary: "List jobs, newest first",
    description: "Jobs of the key's owner, whichever surface they were made on.",
    query: jobPageQuery,
    responses: { 200: v1JobPage, ...readErrors },
    metadata: read,
  },
  read: {
    method: "GET",
    path: "/api/v1/jobs/:id",
    summary: "Read a job",
    description: "Jobs of other owners and unknown ids are 404.",
    pathParams,
    query: z.strictObject({ wait: waitSeconds }),
    responses: { 200: v1Job, ...readErrors },
    metadata: read,
  },
  result: {
    method: "GET",
    path: "/api/v1/jobs/:id/result",
    summary: "Download an output",
    description: "Supports ranges, `If-None-Match` and HEAD. 409 while the job has not completed.",
    pathParams,
    query: z.strictObject({
      output: z.coerce
        .number()
        .int()
        .min(0)
        .max(9_999)
        .optional()
        .describe("Which of several: 0, the default, is the first."),
    }),
    responses: {
      200: content,
      206: content,
      ...readErrors,
      409: errorBody,
      416: errorBody,
      502: errorBody,
    },
    metadata: read,
  },
  events: {
    method: "GET",
    path: "/api/v1/jobs/:id/events",
    summary: "Follow a job as server-sent events",
    description:
      "Each event's data is one JobEvent. The stream ends after the terminal event; closing it does not cancel the job. Coming back after the end (with `Last-Event-ID`) is answered with 204, which tells a browser to stop.",
    pathParams,
    headers: { [headerNames.lastEventId]: lastEventId },
    query: z.strictObject({
      lastEventId: lastEventId.describe("The same, for clients that cannot set headers."),
      preview: previewFlag,
      ticket: ticketParam,
    }),
    responses: {
      200: c.otherResponse({ contentType: "text/event-stream", body: z.string() }),
      204: c.noBody(),
      ...readErrors,
    },
    metadata: { ...read, takesTicket: true } satisfies RouteMetadata,
  },
  ticket: {
    method: "POST",
    path: "/api/v1/jobs/:id/ticket",
    summary: "Make a ticket for a browser",
    description:
      "For one of the streams of this job (server-sent events, or the WebSocket `/ws/jobs/{id}`, whose messages are JobEvents with their `id`), by whoever holds the key; a browser then needs none. It opens one stream once, within a minute.",
    pathParams,
    headers: writeHeaders,
    body: nothing,
    responses: { 201: streamTicket, ...writeErrors },
    metadata: { ...write, scope: "read" } satisfies RouteMetadata,
  },
  delete: {
    method: "DELETE",
    path: "/api/v1/jobs/:id",
    summary: "Cancel a job",
    description: "The same as `POST /api/v1/jobs/{id}/cancel`: the job stays readable.",
    pathParams,
    responses: { 200: v1Job, ...writeErrors },
    metadata: write,
  },
  cancel: {
    method: "POST",
    path: "/api/v1/jobs/:id/cancel",
    summary: "Cancel a job, queued or running",
    description:
      "Answers with the job as it stands; it may still be `processing` until the GPU let go of it. 409 when it has ended another way.",
    pathParams,
    headers: writeHeaders,
    body: nothing,
    responses: { 200: v1Job, ...writeErrors },
    metadata: write,
  },
  retry: {
    method: "POST",
    path: "/api/v1/jobs/:id/retry",
    summary: "Try a failed or cancelled job again",
    description:
      "Makes a new job with the same input, seed, priority, metadata and callback, whose `retryOf` names this one. Each job is retried once: asking again answers 200 with the first retry. 409 while it has not ended, and when it completed.",
    pathParams,
    headers: writeHeaders,
    body: nothing,
    responses: { 200: v1Job, 201: v1Job, ...writeErrors },
    metadata: write,
  },
});
