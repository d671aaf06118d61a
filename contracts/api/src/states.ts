import * as z from "zod";

/** Where a job stands, in the words of the database. Every other vocabulary is read from {@link jobStateWords}. */
export const jobStates = [
  "pending",
  "running",
  "collecting",
  "cancelling",
  "complete",
  "failed",
  "expired",
  "cancelled",
] as const;
export type JobState = (typeof jobStates)[number];

/**
 * The one table between what a job is and what each surface calls it.
 * `cancelling` is a job whose cancellation was asked for and not yet confirmed; `expired` one that outlived its deadline.
 */
export const jobStateWords = {
  pending: { product: "pending", v1: "pending", v2: "queued", isTerminal: false },
  running: { product: "processing", v1: "processing", v2: "running", isTerminal: false },
  collecting: { product: "processing", v1: "processing", v2: "running", isTerminal: false },
  cancelling: { product: "processing", v1: "processing", v2: "canceling", isTerminal: false },
  complete: { product: "complete", v1: "completed", v2: "succeeded", isTerminal: true },
  failed: { product: "failed", v1: "failed", v2: "failed", isTerminal: true },
  expired: { product: "failed", v1: "failed", v2: "expired", isTerminal: true },
  cancelled: { product: "cancelled", v1: "cancelled", v2: "canceled", isTerminal: true },
} as const satisfies Record<JobState, { product: string; v1: string; v2: string; isTerminal: boolean }>;

export function isTerminal(state: JobState): boolean {
  return jobStateWords[state].isTerminal;
}

/** The states a product-surface poller can meet. */
export const productJobStatus = z.enum(["pending", "processing", "complete", "failed", "cancelled"]);
export type ProductJobStatus = z.infer<typeof productJobStatus>;
