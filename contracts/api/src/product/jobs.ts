import * as z from "zod";
import type { RouteMetadata } from "../access.ts";
import { c } from "../contract.ts";
import { previewFlag, ticketParam, waitSecondsMax } from "../events.ts";
import { headerNames, writeHeaders } from "../headers.ts";
import { productJob } from "../jobs.ts";
import { readErrors, writeErrors } from "./responses.ts";

/** Pollers of the first consumer send nothing but the key: the only route that opens to it. */
const poll: RouteMetadata = { access: "key", bucket: "jobReads", scope: "read", tag: "Jobs" };
const follow: RouteMetadata = { ...poll, access: "signed", takesTicket: true };
const write: RouteMetadata = { access: "signed", bucket: "requests", scope: "generate", tag: "Jobs" };
const pathParams = z.object({
  kind: z.string().min(1).describe("`portrait`, `image`, `tts` or `lipsync`."),
  id: z.string().min(1).describe("The job's id."),
});

export const lastEventId = z
  .string()
  .max(128)
  .optional()
  .describe(
    "The id of the last event that arrived: what came after it is sent. An unknown id gets the job as it stands.",
  );

export const waitSeconds = z.coerce
  .number()
  .min(0)
  .max(waitSecondsMax)
  .optional()
  .describe("Hold the answer until the job ends, this many seconds at the most (0–25).");

export const jobRoutes = c.router({
  read: {
    method: "GET",
    path: "/jobs/:kind/:id",
    summary: "Read a job",
    description: "Needs only `X-API-Key`. Jobs of other owners, unknown ids and wrong kinds are 404.",
    pathParams,
    query: z.object({ wait: waitSeconds }),
    responses: { 200: productJob, ...readErrors },
    metadata: poll,
  },
  events: {
    method: "GET",
    path: "/jobs/:kind/:id/events",
    summary: "Follow a job as server-sent events",
    description:
      "Each event's data is one JobEvent. The stream ends after the terminal event; closing it does not cancel the job. Coming back after the end (with `Last-Event-ID`) is answered with 204, which tells a browser to stop.",
    pathParams,
    headers: { [headerNames.lastEventId]: lastEventId },
    query: z.object({
      lastEventId: lastEventId.describe("The same, for clients that cannot set headers."),
      preview: previewFlag,
      ticket: ticketParam,
    }),
    responses: {
      200: c.otherResponse({ contentType: "text/event-stream", body: z.string() }),
      204: c.noBody(),
      ...readErrors,
    },
    metadata: follow,
  },
  cancel: {
    method: "POST",
    path: "/jobs/:kind/:id/cancel",
    summary: "Cancel a job, queued or running",
    description:
      "Answers with the job as it stands; it may still be `processing` until the GPU let go of it. 409 when it has ended.",
    pathParams,
    headers: writeHeaders,
    body: z.unknown().optional().describe("Nothing is read from it."),
    responses: { 200: productJob, ...writeErrors },
    metadata: write,
  },
});
