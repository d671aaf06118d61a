import type { IncomingMessage, ServerResponse } from "node:http";
import { createWelcomeCheck } from "../../../access/welcome-check.ts";
import { answered, watchCaller } from "../../connection.ts";
import type { AppDeps } from "../../deps.ts";
import { sendEventStream } from "../../event-stream.ts";
import { authenticatedOf } from "../../visit.ts";

interface Call {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly params: { readonly kind?: string; readonly id: string };
  readonly headers: { readonly "last-event-id"?: string | undefined };
  readonly query: { readonly lastEventId?: string | undefined; readonly preview?: "true" | "false" | undefined };
}

/** The event stream of a job, on every surface. */
export function createEventsRoute(deps: AppDeps) {
  const { verbs, draining, log } = deps;

  return async function events({ req, res, headers, query, params }: Call) {
    const { caller } = authenticatedOf(req);
    const { ownerId } = caller;
    const lastEventId = headers["last-event-id"] ?? query.lastEventId;
    const hasPreviews = query.preview === "true";
    const sent = await sendEventStream(res, {
      follow: (signal) =>
        verbs.followJob({ ownerId, ...params, hasPreviews, signal, ...(lastEventId && { lastEventId }) }),
      signal: AbortSignal.any([watchCaller(res), draining]),
      isStillWelcome: createWelcomeCheck(deps, caller),
      log,
    });
    // It saw the end already: 204 is what stops a browser from coming back.
    return sent === "nothing" ? { status: 204 as const, body: undefined } : answered(res);
  };
}
