import { S3ServiceException } from "@aws-sdk/client-s3";
import { AppError } from "../../errors.ts";

const MISSING = new Set(["NoSuchKey", "NotFound"]);
const TOO_LARGE = new Set(["EntityTooLarge", "InvalidMaxPartNumberArgument"]);

/** What S3 says as what we say. The caller's own abort passes with its reason. */
export function toStoreError(error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  if (error instanceof AppError) return error;
  const name = error instanceof S3ServiceException ? error.name : "";
  if (TOO_LARGE.has(name)) {
    return new AppError("payload_too_large", "The file is larger than the store takes.", { cause: error });
  }
  // Wrong keys too: an operator mends them while jobs wait. And what is "not there" for an upload: its bucket, or the half that was sent.
  return new AppError("unavailable", "The file store cannot be reached; try again later.", { cause: error });
}

/** The same for who reads: an object that is not there is gone for good. */
export function toReadError(error: unknown, signal: AbortSignal): unknown {
  const isGone = !signal.aborted && error instanceof S3ServiceException && MISSING.has(error.name);
  return isGone
    ? new AppError("output_unavailable", "The file is gone.", { cause: error })
    : toStoreError(error, signal);
}

/** A bucket or an object that is not there; HEAD has no body to say more in. */
export function isMissing(error: unknown): boolean {
  return error instanceof S3ServiceException && error.$metadata.httpStatusCode === 404;
}

/** Many servers that speak S3 leave operations out, and keys are given with less than all rights. */
export function isRefusedOperation(error: unknown): boolean {
  return error instanceof S3ServiceException && [400, 403, 405, 501].includes(error.$metadata.httpStatusCode ?? 0);
}
