import type { IncomingMessage } from "node:http";
import type { Response } from "express";
import { answered } from "../../connection.ts";
import type { AppDeps } from "../../deps.ts";
import { sendFile } from "../../send-file.ts";
import { authenticatedOf } from "../../visit.ts";

interface Call {
  readonly req: IncomingMessage;
  readonly res: Response;
  readonly params: { readonly id: string };
  readonly query: { readonly output?: number | undefined };
}

/** The bytes of an output for whoever has the key: no link, which would open for anyone who sees it. */
export function createResultRoute({ verbs, log }: AppDeps) {
  return async function result({ req, res, params: { id }, query: { output = 0 } }: Call) {
    const { ownerId } = authenticatedOf(req).caller;
    const file = await verbs.openResult({ ownerId, id, output });
    // Kept by the caller's own cache, and asked about each time: the key may have been revoked.
    await sendFile({ req, res, file, log, cacheControl: "private, no-cache" });
    return answered(res);
  };
}
