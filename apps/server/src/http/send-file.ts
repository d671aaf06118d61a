import type { IncomingMessage } from "node:http";
import { pipeline } from "node:stream/promises";
import type { Response } from "express";
import type { ByteRange } from "../assets/blob-store.ts";
import type { OpenedAsset } from "../assets/open-asset.ts";
import type { Log } from "../log.ts";
import { cutIdleReader, watchCaller } from "./connection.ts";
import { parseRange } from "./range.ts";

export interface SendFileOptions {
  readonly req: IncomingMessage;
  readonly res: Response;
  readonly file: OpenedAsset;
  readonly cacheControl: string;
  readonly log: Log;
}

/** The range to send. `If-Range` names the file the caller has a part of: another file is sent whole. */
function readRange({ req, res }: SendFileOptions, sizeBytes: number, etag: string): ByteRange | undefined {
  // RFC 9110: a range is defined for GET alone.
  if (req.method !== "GET") return undefined;
  if ((req.headers["if-range"] ?? etag) !== etag) return undefined;
  try {
    return parseRange(req.headers.range, sizeBytes);
  } catch (error) {
    res.set("Content-Range", `bytes */${sizeBytes}`);
    throw error;
  }
}

function setHeaders({ res, file, cacheControl }: SendFileOptions, etag: string, range: ByteRange | undefined): void {
  const { sizeBytes } = file.asset;
  res.set({ ...file.headers, "Accept-Ranges": "bytes", ETag: etag, "Cache-Control": cacheControl });
  res.set("Content-Length", String(range ? range.end - range.start + 1 : sizeBytes));
  if (range) res.status(206).set("Content-Range", `bytes ${range.start}-${range.end}/${sizeBytes}`);
}

/** Sends a stored file: whole, in ranges, only its headers, or only that it did not change. */
export async function sendFile(options: SendFileOptions): Promise<void> {
  const { req, res, file, cacheControl, log } = options;
  const etag = `"${file.asset.sha256}"`;
  if (req.headers["if-none-match"] === etag) {
    res.status(304).set({ ETag: etag, "Cache-Control": cacheControl }).end();
    return;
  }
  const range = readRange(options, file.asset.sizeBytes, etag);
  cutIdleReader(res);
  const borrowed = req.method === "HEAD" ? undefined : file.borrow?.();
  if (borrowed) {
    if (res.closed) {
      borrowed.giveBack();
      return;
    }
    // Until then the system may still be reading it.
    res.once("close", borrowed.giveBack);
    setHeaders(options, etag, range);
    res.end(range ? borrowed.bytes.subarray(range.start, range.end + 1) : borrowed.bytes);
    return;
  }
  const signal = watchCaller(res);
  const body = req.method === "HEAD" ? undefined : await file.open(range, signal);
  setHeaders(options, etag, range);
  if (!body) {
    res.end();
    return;
  }
  await pipeline(body, res).catch((error: unknown) => {
    // The headers are out: the only honest sign of half a file is a cut connection, which the pipeline has made.
    if (!signal.aborted) log.warn({ assetId: file.asset.id, error }, "A download broke.");
  });
}
