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
export function toStoreError({ cause, status }: StoreFailure, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  if (cause instanceof AppError) return cause;
  if (status === 413) return new AppError("payload_too_large", "The file is larger than the store takes.", { cause });
  // What is "not there" for an upload is its bucket, or its first half: both can be brought back while the file waits here.
  return new AppError("unavailable", "The file store cannot be reached; try again later.", { cause });
}

/** The same for who reads: an object that is not there is gone for good. A bucket is the operator's to bring back. */
export function toReadError(failure: StoreFailure, signal: AbortSignal): unknown {
  const { cause, code } = failure;
  const isGone = isMissing(failure) && code !== "NoSuchBucket" && !(cause instanceof AppError) && !signal.aborted;
  return isGone ? new AppError("output_unavailable", "The file is gone.", { cause }) : toStoreError(failure, signal);
}
