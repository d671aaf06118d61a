import * as z from "zod";
import type { RouteMetadata } from "../access.ts";
import { kinds } from "../kinds/index.ts";
import { readErrors } from "../product/responses.ts";
import { pageFields } from "./auth-schemas.ts";
import { v1JobStatus } from "./job-schemas.ts";

const metadata: RouteMetadata = { access: "admin", bucket: "requests", scope: "admin", tag: "Platform: admin" };

const moment = (what: string) =>
  z.iso
    .datetime({ offset: true, error: "expected a time such as 2026-01-01T12:00:00Z" })
    .transform((text) => Date.parse(text))
    .optional()
    .describe(`${what} this time, ISO 8601 with its offset.`);

export const adminJobQuery = z.strictObject({
  status: v1JobStatus.optional(),
  owner: z.string().max(200).optional().describe("Only jobs of this owner."),
  key: z.string().max(64).optional().describe("Only jobs that this key or session made."),
  workflow: z.enum(kinds).optional(),
  createdAfter: moment("Made after"),
  createdBefore: moment("Made before"),
  ...pageFields,
});

export const adminJob = z
  .object({
    id: z.string(),
    owner: z.string(),
    key: z.string().describe("The key or session that made it."),
    workflow: z.string(),
    status: v1JobStatus,
    priority: z.number(),
    progress: z.number().describe("0 to 1."),
    createdAt: z.string().describe("ISO 8601, UTC."),
    startedAt: z.string().optional(),
    completedAt: z.string().optional(),
    waitingReason: z.string().optional().describe("Why no GPU has taken it yet."),
    error: z.string().optional(),
    code: z.string().optional().describe("The stable name of the error."),
    backend: z.string().optional().describe("The backend that had it last."),
    attempts: z.number().describe("How often it was sent to a backend."),
    requestId: z.string(),
  })
  .meta({ id: "AdminJob" });
export type AdminJobBody = z.infer<typeof adminJob>;

export const adminJobPage = z
  .object({
    jobs: z.array(adminJob).describe("Newest first. Without inputs and results: those are their owners'."),
    nextCursor: z.string().optional().describe("Absent on the last page."),
  })
  .meta({ id: "AdminJobPage" });

const number = (what: string) => z.number().describe(what);

export const adminStats = z
  .object({
    jobs: z.object({
      now: z.record(v1JobStatus, z.number()).describe("Those that have not ended, by status; the others are 0."),
      lastDay: z.record(v1JobStatus, z.number()).describe("Those made within the last 24 hours, by status."),
    }),
    queue: z.object({
      waiting: number("Jobs that may run and wait for a place."),
      postponed: number("Jobs that wait for a backend which could take them."),
      running: number("Jobs that somebody works on."),
      owners: number("Owners who have waiting jobs."),
      oldestSeconds: number("How long the one that waits longest has waited; 0 when none does."),
    }),
    users: z.object({ total: z.number(), admins: z.number(), disabled: z.number(), sessions: z.number() }),
    keys: z.object({ stored: number("In the database."), environment: number("In COMFYUI_API_KEYS.") }),
    backends: z.object({ total: z.number(), reachable: z.number(), drained: z.number() }),
    storage: z.object({ files: z.number(), bytes: z.number() }).describe("What is stored, each content once."),
    at: z.string().describe("When it was counted: at most 10 s ago. ISO 8601, UTC."),
  })
  .meta({ id: "AdminStats" });
export type AdminStatsBody = z.infer<typeof adminStats>;

export const auditQuery = z.strictObject({
  actor: z.string().max(200).optional().describe("Who did it: a key's or session's id, `user:<id>`, `service`."),
  action: z.string().max(100).optional().describe("What was done, e.g. `user.updated`."),
  subject: z.string().max(200).optional().describe("What it was done to, e.g. `user:<id>`."),
  owner: z.string().max(200).optional().describe("Whose things were touched."),
  createdAfter: moment("After"),
  createdBefore: moment("Before"),
  ...pageFields,
});

export const auditEntry = z
  .object({
    id: z.string(),
    at: z.string().describe("ISO 8601, UTC."),
    actor: z.string(),
    action: z.string(),
    subject: z.string(),
    owner: z.string().optional(),
    details: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
    ip: z.string().optional(),
    requestId: z.string().optional(),
  })
  .meta({ id: "AuditEntry" });
export type AuditEntryBody = z.infer<typeof auditEntry>;

export const auditPage = z
  .object({
    entries: z.array(auditEntry).describe("Newest first."),
    nextCursor: z.string().optional().describe("Absent on the last page."),
  })
  .meta({ id: "AuditPage" });

/** What operators look at. */
export const adminOverviewRoutes = {
  jobs: {
    method: "GET",
    path: "/api/v1/admin/jobs",
    summary: "List the jobs of all owners, newest first",
    query: adminJobQuery,
    responses: { 200: adminJobPage, ...readErrors },
    metadata,
  },
  stats: {
    method: "GET",
    path: "/api/v1/admin/stats",
    summary: "How the service stands",
    description: "Counted at most once in 10 s for each process.",
    query: z.strictObject({}),
    responses: { 200: adminStats, ...readErrors },
    metadata,
  },
  auditLog: {
    method: "GET",
    path: "/api/v1/admin/audit-log",
    summary: "Who did what, newest first",
    description: "Entries are added and never changed or removed: the database refuses it.",
    query: auditQuery,
    responses: { 200: auditPage, ...readErrors },
    metadata,
  },
} as const;
