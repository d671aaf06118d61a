import * as z from "zod";
import { jobProgress } from "./jobs.ts";
import { jobResult } from "./results.ts";

/** What happens to a job, in order. Exactly one of `completed`, `failed`, `cancelled` ends the stream. */
export const jobEvent = z
  .discriminatedUnion("type", [
    z.object({ type: z.literal("queued"), position: z.number().optional() }),
    z.object({ type: z.literal("running") }),
    z.object({ type: z.literal("progress"), ...jobProgress.shape }),
    z.object({ type: z.literal("completed"), result: jobResult }),
    z.object({ type: z.literal("failed"), error: z.string(), code: z.string(), details: z.unknown().optional() }),
    z.object({ type: z.literal("cancelled") }),
  ])
  .meta({ id: "JobEvent" });
export type JobEvent = z.infer<typeof jobEvent>;

/** Seconds a `?wait=` long-poll may hold the connection. */
export const waitSecondsMax = 25;
