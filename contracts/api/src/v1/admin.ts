import * as z from "zod";
import type { RouteMetadata } from "../access.ts";
import { c } from "../contract.ts";
import { writeHeaders } from "../headers.ts";
import { readErrors, writeErrors } from "../product/responses.ts";
import { adminOverviewRoutes } from "./admin-overview.ts";
import { adminUserRoutes } from "./admin-users.ts";

const metadata: RouteMetadata = { access: "admin", bucket: "requests", scope: "admin", tag: "Platform: admin" };
const pathParams = z.object({ id: z.string().min(1).describe("The backend's id.") });
const nothing = z.strictObject({}).optional().describe("Nothing, or an empty object.");

export const backendStatus = z
  .object({
    id: z.string().describe("Its label, or a hash of its address."),
    isReachable: z.boolean(),
    isDrained: z.boolean().describe("Taken out of service: it finishes what it has and takes no new work."),
    slots: z.number().describe("Renders it may be given at once."),
    latencyMs: z.number().describe("Of the look that was taken for this answer."),
    name: z.string().optional().describe("The GPU."),
    isSimulated: z.boolean().optional().describe("True when an emulator answers instead of a GPU."),
    version: z.string().optional(),
    vramTotalBytes: z.number().optional(),
    vramFreeBytes: z.number().optional(),
  })
  .meta({ id: "BackendStatus" });
export type BackendStatusBody = z.infer<typeof backendStatus>;

export const backendList = z.object({ backends: z.array(backendStatus) }).meta({ id: "BackendList" });

const write = { method: "POST", pathParams, headers: writeHeaders, body: nothing, metadata } as const;

export const v1AdminRoutes = c.router({
  backends: {
    method: "GET",
    path: "/api/v1/admin/backends",
    summary: "List the backends",
    description: "Asks each of them now; one that does not answer within 2 s is not reachable.",
    query: z.strictObject({}),
    responses: { 200: backendList, ...readErrors },
    metadata,
  },
  drainBackend: {
    ...write,
    path: "/api/v1/admin/backends/:id/drain",
    summary: "Take a backend out of service",
    description: "It finishes what it has. Every process sees the change within seconds; it outlives restarts.",
    responses: { 200: backendStatus, ...writeErrors },
  },
  resumeBackend: {
    ...write,
    path: "/api/v1/admin/backends/:id/resume",
    summary: "Put a backend back into service",
    responses: { 200: backendStatus, ...writeErrors },
  },
  ...adminUserRoutes,
  ...adminOverviewRoutes,
});
