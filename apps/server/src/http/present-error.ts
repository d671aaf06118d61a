import type { ErrorBody } from "@comfy/contracts";
import type { AppError } from "../errors.ts";

/** An error as the product and the platform surface tell it; a job is read on the surface that was asked. The cause stays inside. */
export function presentError(error: AppError, requestId: string, path: string): ErrorBody {
  const { code, message, details, job, retryAfterSeconds } = error;
  return {
    error: message,
    code,
    requestId,
    ...(details !== undefined && { details }),
    ...(job && {
      jobId: job.id,
      pollUrl: path.startsWith("/api/v1/") ? `/api/v1/jobs/${job.id}` : `/jobs/${job.kind}/${job.id}`,
    }),
    ...(retryAfterSeconds !== undefined && { retryAfter: retryAfterSeconds }),
  };
}
