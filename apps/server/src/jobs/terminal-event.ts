import type { JobEvent, JobResult } from "@comfy/contracts";
import { AppError } from "../errors.ts";
import type { Job } from "./job.ts";

export interface NumberedEvent {
  /** `<epoch>-<n>`; the terminal one is the same for every listener and every process. */
  readonly id: string;
  readonly event: JobEvent;
}

export const toTerminalId = (job: Job): string => `${(job.completedAtMs ?? 0).toString(36)}-0`;

/**
 * The last event of ended jobs. A thousand listeners who are told of one reading of a job get one and the same event, with links that
 * were signed once.
 */
export function createTerminalEvents({ presentResult }: { presentResult: (job: Job) => Promise<JobResult> }) {
  const known = new WeakMap<Job, Promise<NumberedEvent>>();
  return (job: Job): Promise<NumberedEvent> => {
    const made = known.get(job) ?? present(job, presentResult);
    known.set(job, made);
    return made;
  };
}

async function present(job: Job, presentResult: (job: Job) => Promise<JobResult>): Promise<NumberedEvent> {
  const id = toTerminalId(job);
  if (job.state === "complete") return { id, event: await toCompleted(job, presentResult) };
  if (job.state === "cancelled") return { id, event: { type: "cancelled" } };
  const { code, message, details } = job.failure ?? { code: "internal_error", message: "No reason was kept." };
  return { id, event: { type: "failed", error: message, code, ...(details !== undefined && { details }) } };
}

async function toCompleted(job: Job, presentResult: (job: Job) => Promise<JobResult>): Promise<JobEvent> {
  try {
    return { type: "completed", result: await presentResult(job) };
  } catch (error) {
    // A stream that broke here would be opened again and again: the files will not come back.
    if (!(error instanceof AppError) || error.code !== "output_unavailable") throw error;
    return { type: "failed", error: error.message, code: error.code };
  }
}
