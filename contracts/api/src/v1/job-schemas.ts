import * as z from "zod";
import { callbackUrl } from "../fields.ts";
import { jobProgress } from "../jobs.ts";
import { imageInput } from "../kinds/image.ts";
import { type Kind, kinds } from "../kinds/index.ts";
import { lipsyncInput } from "../kinds/lipsync.ts";
import { portraitInput } from "../kinds/portrait.ts";
import { ttsInput } from "../kinds/tts.ts";
import { jobResult } from "../results.ts";

const examplesOf = (schema: z.ZodType) => {
  const { examples } = schema.meta() ?? {};
  return examples ? { examples } : {};
};

/** What each workflow takes on this surface: the kind's own fields, and none that it does not know. */
export const workflowInputs = {
  portrait: portraitInput.strict().meta({ id: "PortraitWorkflowInput", ...examplesOf(portraitInput) }),
  image: imageInput.strict().meta({ id: "ImageWorkflowInput", ...examplesOf(imageInput) }),
  tts: ttsInput.strict().meta({ id: "TtsWorkflowInput", ...examplesOf(ttsInput) }),
  lipsync: lipsyncInput.strict().meta({ id: "LipsyncWorkflowInput", ...examplesOf(lipsyncInput) }),
} as const;

/** The refusal of a body whose `workflow` is none of ours. */
export const unknownWorkflow = {
  error: ({ code }: { readonly code?: string | undefined }) =>
    code === "invalid_union" ? `expected one of ${kinds.join(", ")}` : undefined,
};

export const metadataName = /^[\w.-]{1,64}$/;
const METADATA_PAIRS_MAX = 16;

export const jobMetadata = z
  .record(
    z.string().regex(metadataName, "expected names of up to 64 letters, digits, dots, dashes and underscores"),
    z.string().max(512),
  )
  .refine((pairs) => Object.keys(pairs).length <= METADATA_PAIRS_MAX, {
    error: `expected at most ${METADATA_PAIRS_MAX} pairs`,
  })
  .describe(
    "Up to 16 pairs of text of your own. Kept, told back, and searched by `GET /api/v1/jobs?metadata[name]=…`.",
  );

/** What can be said about any job beside its input. */
export const jobWishes = {
  callbackUrl,
  priority: z
    .int()
    .min(-100)
    .max(100)
    .optional()
    .describe("Which of your own waiting jobs go first: higher before lower. Default 0."),
  metadata: jobMetadata.optional(),
} as const;

const jobOf = <Name extends Kind, Input extends z.ZodType>(workflow: Name, input: Input) =>
  z.strictObject({ workflow: z.literal(workflow), input, ...jobWishes });

/** The body of `POST /api/v1/jobs` and `POST /api/v1/generate`. */
export const jobCreate = z
  .discriminatedUnion(
    "workflow",
    [
      jobOf("portrait", workflowInputs.portrait),
      jobOf("image", workflowInputs.image),
      jobOf("tts", workflowInputs.tts),
      jobOf("lipsync", workflowInputs.lipsync),
    ],
    unknownWorkflow,
  )
  .meta({ id: "JobCreate", examples: [{ workflow: "portrait", input: { description: "Viking warrior" } }] });
export type JobCreate = z.infer<typeof jobCreate>;

export const v1JobStatus = z.enum(["pending", "processing", "completed", "failed", "cancelled"]);
export type V1JobStatus = z.infer<typeof v1JobStatus>;

const common = {
  id: z.string(),
  job_id: z.string().describe("The same as `id`, for older clients."),
  workflow: z.string(),
  createdAt: z.string().describe("ISO 8601, UTC."),
  startedAt: z.string().optional().describe("When it was first taken up. ISO 8601, UTC."),
  seed: z.number().describe("The seed the job runs with."),
  priority: z.number(),
  progress: jobProgress,
  key: z.string().describe("The id of the API key that made it."),
  metadata: z.record(z.string(), z.unknown()).optional(),
  batchId: z.string().optional().describe("The batch it belongs to."),
  retryOf: z.string().optional().describe("The job it tries again."),
  retriedBy: z.string().optional().describe("The job that tries it again."),
};

export const v1WaitingJob = z
  .object({
    ...common,
    status: z.enum(["pending", "processing"]),
    waitingReason: z.string().optional().describe("Why no GPU has taken it yet, as a sentence."),
  })
  .meta({ id: "V1WaitingJob" });

export const v1CompletedJob = z
  .object({
    ...common,
    status: z.literal("completed"),
    result: jobResult.optional().describe("Absent when its files were deleted."),
    completedAt: z.string().describe("ISO 8601, UTC."),
  })
  .meta({ id: "V1CompletedJob" });

export const v1FailedJob = z
  .object({
    ...common,
    status: z.enum(["failed", "cancelled"]),
    error: z.string().describe("What went wrong, as a sentence."),
    code: z
      .string()
      .describe("The stable name of the error; `deadline_exceeded` for a job that outlived its deadline."),
    details: z.unknown().optional().describe("For a node that raised: its id, class and exception."),
    completedAt: z.string().describe("ISO 8601, UTC."),
  })
  .meta({ id: "V1FailedJob" });

export const v1Job = z.union([v1WaitingJob, v1CompletedJob, v1FailedJob]).meta({ id: "V1Job" });
export type V1Job = z.infer<typeof v1Job>;

export const v1JobPage = z
  .object({
    jobs: z.array(v1Job).describe("Newest first."),
    nextCursor: z.string().optional().describe("Absent on the last page."),
  })
  .meta({ id: "V1JobPage" });
export type V1JobPage = z.infer<typeof v1JobPage>;
