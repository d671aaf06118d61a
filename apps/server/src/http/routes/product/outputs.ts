import { pipeline } from "node:stream/promises";
import type { Request, Response } from "express";
import type { ByteRange } from "../../../assets/blob-store.ts";
import type { OpenedLink } from "../../../assets/open-link.ts";
import { AppError } from "../../../errors.ts";
import { answered, watchCaller } from "../../connection.ts";
import type { AppDeps } from "../../deps.ts";
import { parseRange } from "../../range.ts";

interface Call {
  readonly req: Request;
  readonly res: Response;
  readonly params: { readonly asset: string; readonly name: string };
  readonly query: {
    readonly expires?: string | undefined;
    readonly key?: string | undefined;
    readonly disposition?: string | undefined;
    readonly sig?: string | undefined;
  };
}

/** The range to send. `If-Range` names the file the caller has a part of: another file is sent whole. */
function readRange({ req, res }: Call, sizeBytes: number, etag: string): ByteRange | undefined {
  // RFC 9110: a range is defined for GET alone.
  if (req.method !== "GET") return undefined;
  if ((req.get("if-range") ?? etag) !== etag) return undefined;
  try {
    return parseRange(req.get("range"), sizeBytes);
  } catch (error) {
    res.set("Content-Range", `bytes */${sizeBytes}`);
    throw error;
  }
}

function setHeaders(res: Response, { asset, headers }: OpenedLink, etag: string, range: ByteRange | undefined): void {
  res.set({ ...headers, "Accept-Ranges": "bytes", ETag: etag });
  // The bytes behind a link never change; the link itself is a secret, so only the caller's own cache may keep them.
  res.set("Cache-Control", "private, max-age=3600, immutable");
  res.set("Content-Length", String(range ? range.end - range.start + 1 : asset.sizeBytes));
  if (range) res.status(206).set("Content-Range", `bytes ${range.start}-${range.end}/${asset.sizeBytes}`);
}

/** Downloads through signed links: whole, in ranges, or only the headers. */
export function createContentRoute({ verbs, ipGuard, log }: AppDeps) {
  async function openLink({ req, params, query }: Call): Promise<OpenedLink> {
    const ip = req.ip ?? "";
    const { expires, key: keyId, disposition, sig } = query;
    try {
      return await verbs.openLink({ assetId: params.asset, name: params.name, expires, keyId, disposition, sig });
    } catch (error) {
      if (error instanceof AppError && error.code === "link_invalid") await ipGuard.recordFailure(ip);
      throw error;
    }
  }

  return async function content(call: Call) {
    const { req, res } = call;
    const link = await openLink(call);
    const etag = `"${link.asset.sha256}"`;
    if (req.get("if-none-match") === etag) {
      res.status(304).set("ETag", etag).end();
      return answered(res);
    }
    const range = readRange(call, link.asset.sizeBytes, etag);
    const signal = watchCaller(res);
    const body = req.method === "HEAD" ? undefined : await link.open(range, signal);
    setHeaders(res, link, etag, range);
    if (!body) {
      res.end();
      return answered(res);
    }
    await pipeline(body, res).catch((error: unknown) => {
      // The headers are out: the only honest sign of half a file is a cut connection, which the pipeline has made.
      if (!signal.aborted) log.warn({ assetId: link.asset.id, error }, "A download broke.");
    });
    return answered(res);
  };
}
