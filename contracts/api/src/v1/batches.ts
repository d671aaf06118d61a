import * as z from "zod";
import type { RouteMetadata } from "../access.ts";
import { c } from "../contract.ts";
import { writeHeaders } from "../headers.ts";
import { readErrors, writeErrors } from "../product/responses.ts";
import { batch, batchCreate } from "./batch-schemas.ts";

const tag = "Platform: batches";
const pathParams = z.object({ id: z.string().min(1).describe("The batch's id.") });

export const v1BatchRoutes = c.router({
  create: {
    method: "POST",
    path: "/api/v1/batches",
    summary: "Queue up to 100 jobs at once",
    description:
      "Many inputs, or one input with a sweep. Every job is checked before any is accepted, and all are accepted or none; an error names the job by its place, counted from 0. Each job counts as one generation.",
    headers: writeHeaders,
    body: batchCreate,
    responses: { 201: batch, ...writeErrors },
    metadata: { access: "signed", bucket: "requests", scope: "generate", tag, claims: "job" } satisfies RouteMetadata,
  },
  read: {
    method: "GET",
    path: "/api/v1/batches/:id",
    summary: "Read a batch",
    description: "How its jobs stand. Batches of other owners and unknown ids are 404.",
    pathParams,
    query: z.strictObject({}),
    responses: { 200: batch, ...readErrors },
    metadata: { access: "signed", bucket: "jobReads", scope: "read", tag } satisfies RouteMetadata,
  },
  delete: {
    method: "DELETE",
    path: "/api/v1/batches/:id",
    summary: "Cancel what has not ended",
    description:
      "Jobs that wait end at once; those that run when their GPU let go of them. Jobs that ended stay as they are.",
    pathParams,
    responses: { 200: batch, ...writeErrors },
    metadata: { access: "signed", bucket: "requests", scope: "generate", tag } satisfies RouteMetadata,
  },
});
