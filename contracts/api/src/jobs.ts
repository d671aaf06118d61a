import * as z from "zod";
import { jobResult } from "./results.ts";

export const jobProgress = z
  .object({
    value: z.number().min(0).max(1).describe("0 to 1; never goes down."),
    node: z.string().optional().describe("The node that is running."),
    step: z.number().optional().describe("Step of that node."),
    steps: z.number().optional().describe("Steps of that node."),
    etaSeconds: z
      .number()
      .min(0)
      .optional()
      .describe(
        "Seconds that renders like this one still took from here; absent where nothing like it was rendered yet.",
      ),
  })
  .meta({ id: "JobProgress" });
export type JobProgress = z.infer<typeof jobProgress>;

const common = {
  id: z.string(),
  createdAt: z.string().describe("ISO 8601, UTC."),
  progress: jobProgress.optional(),
  seed: z.number().optional().describe("The seed the job runs with."),
};

export const waitingJob = z.object({ ...common, status: z.enum(["pending", "processing"]) }).meta({ id: "WaitingJob" });

export const completeJob = z
  .object({
    ...common,
    status: z.literal("complete"),
    result: z
      .object({ status: z.literal("complete"), result: jobResult })
      .describe("The nesting is part of the wire: `result.result` holds the result."),
    completedAt: z.string().describe("ISO 8601, UTC."),
  })
  .meta({ id: "CompleteJob" });

export const failedJob = z
  .object({
    ...common,
    status: z.enum(["failed", "cancelled"]),
    error: z.string().describe("What went wrong, as a sentence."),
    code: z.string().describe("The stable name of the error."),
    details: z.unknown().optional().describe("For a node that raised: its id, class and exception."),
    completedAt: z.string().optional().describe("ISO 8601, UTC."),
  })
  .meta({ id: "FailedJob" });

export const productJob = z.union([waitingJob, completeJob, failedJob]).meta({ id: "Job" });
export type ProductJob = z.infer<typeof productJob>;

export const queuedJob = z
  .object({
    status: z.literal("queued"),
    jobId: z.string(),
    pollUrl: z.string().describe("Path of the job, e.g. `/jobs/portrait/<id>`."),
    seed: z.number().optional(),
  })
  .meta({ id: "QueuedJob" });
export type QueuedJob = z.infer<typeof queuedJob>;

/** Body of the POST sent to `callbackUrl`. */
export const callbackBody = z
  .object({
    status: z.enum(["complete", "failed"]),
    requestId: z.string().describe("The job's id."),
    jobId: z.string(),
    result: z.object({ status: z.literal("complete"), result: jobResult }).optional(),
    error: z.string().optional(),
    code: z.string().optional(),
  })
  .meta({ id: "CallbackBody" });
export type CallbackBody = z.infer<typeof callbackBody>;
