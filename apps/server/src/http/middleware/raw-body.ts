import type { Request } from "express";
import { readBody } from "../body.ts";
import type { AppDeps } from "../deps.ts";

/** Any input of ours fits; five megabytes of JSON do not. */
export const JSON_SIZE_BYTES_MAX = 1024 * 1024;

export type ReadRawBody = (req: Request) => Promise<Buffer>;

/** Reads the bytes that a signature covers. Only whoever holds a known key may make us hold a body before its signature is checked. */
export function createReadRawBody({ authenticate }: Pick<AppDeps, "authenticate">): ReadRawBody {
  return async function readRawBody(req) {
    await authenticate.assertKnown(req);
    return readBody(req, JSON_SIZE_BYTES_MAX);
  };
}
