import { StorageApiError } from "@supabase/storage-js";
import { AppError } from "../../errors.ts";

/** What the store says of a failure. Its HTTP status is 400 for nearly all of them; the true one is in the body. */
export interface StoreFailure {
  readonly status: number;
  readonly code?: string;
  readonly cause: unknown;
}

export function readFailure(error: unknown): StoreFailure {
  if (!(error instanceof StorageApiError)) return { status: 0, cause: error };
  // Newer servers put the word of the code into `statusCode` when the body has no number.
  const status = Number.parseInt(error.statusCode, 10) || error.status;
  return { status, ...(error.code !== undefined && { code: error.code }), cause: error };
}

const MISSING = new Set(["NoSuchKey", "NoSuchBucket", "NoSuchUpload"]);

export const isMissing = ({ status, code = "" }: StoreFailure): boolean => MISSING.has(code) || status === 404;

/** What Supabase Storage says as what we say. The caller's own abort passes with its reason. */
export function toStoreError(failure: StoreFailure, signal: AbortSignal): unknown {
  const { cause, status, code } = failure;
  if (signal.aborted) return signal.reason;
  if (cause instanceof AppError) return cause;
  // A bucket that is gone is the operator's to bring back; only an object is gone for good.
  if (isMissing(failure) && code !== "NoSuchBucket")
    return new AppError("output_unavailable", "The file is gone.", { cause });
  if (status === 413) return new AppError("payload_too_large", "The file is larger than the store takes.", { cause });
  return new AppError("unavailable", "The file store cannot be reached; try again later.", { cause });
}
