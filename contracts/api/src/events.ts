import * as z from "zod";
import { jobProgress } from "./jobs.ts";
import { jobResult } from "./results.ts";

/** Characters of base64 in a preview; a larger picture is not sent. */
export const previewLengthMax = 64 * 1024;

/** What happens to a job, in order. Exactly one of `completed`, `failed`, `cancelled` ends the stream. */
export const jobEvent = z
  .discriminatedUnion("type", [
    z.object({ type: z.literal("queued"), position: z.number().optional() }),
    z.object({ type: z.literal("running") }),
    z.object({ type: z.literal("progress"), ...jobProgress.shape }),
    z
      .object({
        type: z.literal("preview"),
        mediaType: z.string().describe("`image/jpeg` or `image/png`."),
        data: z.string().max(previewLengthMax).describe("The picture in base64."),
      })
      .describe("A small picture of how far the render is, at most one a second; only to listeners that ask for it."),
    z.object({ type: z.literal("completed"), result: jobResult }),
    z.object({ type: z.literal("failed"), error: z.string(), code: z.string(), details: z.unknown().optional() }),
    z.object({ type: z.literal("cancelled") }),
  ])
  .meta({ id: "JobEvent" });
export type JobEvent = z.infer<typeof jobEvent>;

/** Seconds a `?wait=` long-poll may hold the connection. */
export const waitSecondsMax = 25;

/** `?preview=true` of an event stream: pictures are many times larger than everything else that is told. */
export const previewFlag = z
  .enum(["true", "false"])
  .optional()
  .describe("`true` also sends preview pictures while the job renders.");

/** `?ticket=` of an event stream. */
export const ticketParam = z
  .string()
  .max(64)
  .optional()
  .describe(
    "A ticket of `POST /api/v1/jobs/{id}/ticket`, in place of a key: for an EventSource, which sends no headers.",
  );

/** What opens the events of one job once. */
export const streamTicket = z
  .object({
    ticket: z
      .string()
      .describe("Goes into `?ticket=` of the event stream or of `WS /ws/jobs/{id}`; it opens one of them once."),
    expiresIn: z.number().describe("Seconds until it is of no use."),
  })
  .meta({ id: "StreamTicket" });
export type StreamTicket = z.infer<typeof streamTicket>;
