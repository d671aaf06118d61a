import * as z from "zod";
import { outputs } from "./files.ts";
import { historyStatus } from "./history.ts";

/** The states of `/api/jobs`, which servers since December 2025 have. An interrupted prompt is `cancelled`. */
export const jobStatuses = ["pending", "in_progress", "completed", "failed", "cancelled"] as const;
export type JobStatus = (typeof jobStatuses)[number];

/** Absent values are left out. Times in milliseconds since 1970. */
export const job = z.looseObject({
  id: z.string(),
  status: z.enum(jobStatuses),
  priority: z.number().optional(),
  create_time: z.number().optional(),
  execution_start_time: z.number().optional(),
  execution_end_time: z.number().optional(),
  execution_error: z.unknown().optional(),
  outputs_count: z.number().optional(),
  workflow_id: z.string().optional(),
});
export type Job = z.infer<typeof job>;

/** `GET /api/jobs`. */
export const jobList = z.looseObject({
  jobs: z.array(job),
  pagination: z.looseObject({
    offset: z.number(),
    limit: z.number().nullish(),
    total: z.number(),
    has_more: z.boolean(),
  }),
});
export type JobList = z.infer<typeof jobList>;

/** `GET /api/jobs/{id}`; 404 for an id the server does not know, which no older endpoint tells. */
export const jobDetail = job.extend({
  outputs: outputs.optional(),
  execution_status: historyStatus.nullish(),
  workflow: z.looseObject({ prompt: z.unknown().optional(), extra_data: z.unknown().optional() }).nullish(),
});
export type JobDetail = z.infer<typeof jobDetail>;

/** `POST /api/jobs/{id}/cancel`: false when the job was neither pending nor running. */
export const jobCancelled = z.looseObject({ cancelled: z.boolean() });
