import type { AppRoute } from "@ts-rest/core";
import type { Request } from "express";
import { AppError } from "../../errors.ts";
import { readBody, readDeclaredSize } from "../body.ts";
import type { AppDeps } from "../deps.ts";

/** Any input of ours fits; five megabytes of JSON do not. */
export const JSON_SIZE_BYTES_MAX = 1024 * 1024;

/** Boundaries and part headers around a file. */
const MULTIPART_SIZE_BYTES_MAX = 64 * 1024;

/** Uploads are held whole while they are checked, so their sum is bounded: this many of the largest. */
const LARGEST_UPLOADS_MAX = 4;

export type ReadRawBody = (req: Request, route: AppRoute) => Promise<Buffer>;

/** Reads the bytes that a signature covers. */
export function createReadRawBody({ authenticate, flags }: Pick<AppDeps, "authenticate" | "flags">): ReadRawBody {
  const uploadSizeBytesMax = flags.uploadSizeBytesMax + MULTIPART_SIZE_BYTES_MAX;
  let freeBytes = uploadSizeBytesMax * LARGEST_UPLOADS_MAX;

  /** Only whoever holds a known key may make us hold a body before its signature is checked. */
  async function assertKnown(req: Request): Promise<void> {
    await authenticate.assertKnown(req);
  }

  async function readUpload(req: Request): Promise<Buffer> {
    const sizeBytes = Math.min(readDeclaredSize(req) ?? uploadSizeBytesMax, uploadSizeBytesMax);
    if (sizeBytes > freeBytes) {
      throw new AppError("unavailable", "Too many uploads are under way. Try again in a few seconds.", {
        retryAfterSeconds: 2,
      });
    }
    freeBytes -= sizeBytes;
    try {
      return await readBody(req, uploadSizeBytesMax);
    } finally {
      freeBytes += sizeBytes;
    }
  }

  return async function readRawBody(req, route) {
    await assertKnown(req);
    const isUpload = "contentType" in route && route.contentType === "multipart/form-data";
    return isUpload ? readUpload(req) : readBody(req, JSON_SIZE_BYTES_MAX);
  };
}
