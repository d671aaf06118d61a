import type { ErrorBody } from "@comfy/contracts";
import type { AppError } from "../errors.ts";

/** An error as the product surface (and v1) tells it. The cause stays inside. */
export function presentError(error: AppError, requestId: string): ErrorBody {
  const { code, message, details, job, retryAfterSeconds } = error;
  return {
    error: message,
    code,
    requestId,
    ...(details !== undefined && { details }),
    ...(job && { jobId: job.id, pollUrl: `/jobs/${job.kind}/${job.id}` }),
    ...(retryAfterSeconds !== undefined && { retryAfter: retryAfterSeconds }),
  };
}
