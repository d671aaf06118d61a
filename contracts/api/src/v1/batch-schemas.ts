import * as z from "zod";
import type { Kind } from "../kinds/index.ts";
import { jobWishes, unknownWorkflow, v1JobStatus, workflowInputs } from "./job-schemas.ts";

/** Jobs of one batch at the most. */
export const batchJobsMax = 100;

const swept = z
  .array(z.union([z.string(), z.number(), z.boolean()]))
  .min(1)
  .max(batchJobsMax);

interface Shapes {
  readonly inputs?: unknown;
  readonly input?: unknown;
  readonly sweep?: Readonly<Record<string, readonly unknown[] | undefined>> | undefined;
}

const isOneForm = ({ inputs, input, sweep }: Shapes) =>
  inputs === undefined ? sweep !== undefined : input === undefined && sweep === undefined;

const countOf = ({ sweep = {} }: Shapes) =>
  Object.values(sweep).reduce((count, values) => count * (values?.length ?? 1), 1);

const batchOf = <Name extends Kind, Shape extends z.ZodRawShape>(
  workflow: Name,
  input: z.ZodObject<Shape, z.core.$strict>,
) =>
  z
    .strictObject({
      workflow: z.literal(workflow),
      inputs: z.array(input).min(1).max(batchJobsMax).optional().describe("One input for each job."),
      input: input
        .partial()
        .meta({ id: `${workflow.charAt(0).toUpperCase()}${workflow.slice(1)}SweepInput` })
        .optional()
        .describe("With `sweep`: the fields that all jobs have in common."),
      sweep: z
        .partialRecord(z.enum(Object.keys(input.shape)), swept)
        .refine((fields) => Object.keys(fields).length > 0, { error: "expected at least one field" })
        .optional()
        .describe("Values by field: every combination of them is one job, the last field changing fastest."),
      ...jobWishes,
    })
    .refine(isOneForm, { error: "expected either inputs, or sweep with an input", abort: true })
    .refine((body) => countOf(body) <= batchJobsMax, {
      error: `expected at most ${batchJobsMax} combinations`,
      path: ["sweep"],
    });

/** The body of `POST /api/v1/batches`. Priority, metadata and callback go to each of its jobs; the metadata also to the batch. */
export const batchCreate = z
  .discriminatedUnion(
    "workflow",
    [
      batchOf("portrait", workflowInputs.portrait),
      batchOf("image", workflowInputs.image),
      batchOf("tts", workflowInputs.tts),
      batchOf("lipsync", workflowInputs.lipsync),
    ],
    unknownWorkflow,
  )
  .meta({
    id: "BatchCreate",
    examples: [
      { workflow: "portrait", input: { description: "Viking warrior" }, sweep: { seed: [1, 2, 3] } },
      { workflow: "image", inputs: [{ prompt: "a lighthouse" }, { prompt: "a harbour" }] },
    ],
  });
export type BatchCreate = z.infer<typeof batchCreate>;

export const batchJob = z
  .object({
    id: z.string(),
    index: z.number().describe("Its place among the inputs, or among the combinations of the sweep; the first is 0."),
    status: v1JobStatus,
    progress: z.number().min(0).max(1),
    seed: z.number(),
  })
  .meta({ id: "BatchJob" });

const count = z.number().int().min(0);

export const batch = z
  .object({
    id: z.string(),
    workflow: z.string(),
    status: z.enum(["processing", "ended"]).describe("`ended`: every job of it has."),
    createdAt: z.string().describe("ISO 8601, UTC."),
    progress: z.number().min(0).max(1).describe("The mean of its jobs'; a job that ended counts as 1."),
    counts: z
      .object({ pending: count, processing: count, completed: count, failed: count, cancelled: count })
      .describe("Its jobs by status."),
    metadata: z.record(z.string(), z.unknown()).optional(),
    jobs: z.array(batchJob).describe("In the order of the inputs. A retry is not part of the batch."),
  })
  .meta({ id: "Batch" });
export type Batch = z.infer<typeof batch>;
