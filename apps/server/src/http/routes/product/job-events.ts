import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { headerNames } from "@comfy/contracts";
import type { NumberedEvent } from "../../../jobs/follow-job.ts";
import { answered, watchCaller } from "../../connection.ts";
import type { AppDeps } from "../../deps.ts";
import { authenticatedOf } from "../../visit.ts";

/** Proxies cut connections that are silent for 30 to 60 s. */
const HEARTBEAT_MS = 15_000;

/** How soon a browser comes back after a cut. */
const RETRY_MS = 2_000;

const HEADERS = {
  "Content-Type": "text/event-stream; charset=utf-8",
  "Cache-Control": "no-cache, no-transform",
  // nginx would otherwise hold events back until its buffer is full.
  "X-Accel-Buffering": "no",
};

interface Call {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly params: { readonly kind?: string; readonly id: string };
  readonly headers: { readonly "last-event-id"?: string | undefined };
  readonly query: { readonly lastEventId?: string | undefined };
}

const toFrame = ({ id, event }: NumberedEvent): string => `id: ${id}\ndata: ${JSON.stringify(event)}\n\n`;

/** Writes and, when the caller reads slowly, waits: a listener must not fill our memory. */
async function write(res: ServerResponse, text: string, signal: AbortSignal): Promise<void> {
  if (!res.write(text)) await once(res, "drain", { signal });
}

export function createEventsRoute(deps: AppDeps) {
  const { verbs, authenticate, draining, log } = deps;

  /** A key that was revoked closes the stream it opened. */
  async function isStillWelcome({ req }: Call): Promise<boolean> {
    const headers = { [headerNames.apiKey]: req.headers[headerNames.apiKey] };
    try {
      const { caller } = await authenticate.byKey({ method: "GET", target: "", headers, body: new Uint8Array() });
      return caller.ownerId === authenticatedOf(req).caller.ownerId;
    } catch {
      return false;
    }
  }

  function startHeartbeat(call: Call, stop: () => void): NodeJS.Timeout {
    return setInterval(() => {
      isStillWelcome(call).then((isWelcome) => (isWelcome ? call.res.write(": keep-alive\n\n") : stop()), stop);
    }, HEARTBEAT_MS);
  }

  async function stream(call: Call, first: NumberedEvent, rest: AsyncIterator<NumberedEvent>, signal: AbortSignal) {
    const { res } = call;
    await write(res, `retry: ${RETRY_MS}\n\n${toFrame(first)}`, signal);
    for (let next = await rest.next(); !next.done && !signal.aborted; next = await rest.next())
      await write(res, toFrame(next.value), signal);
  }

  return async function events(call: Call) {
    const { req, res, headers, query, params } = call;
    const over = new AbortController();
    const signal = AbortSignal.any([watchCaller(res), draining, over.signal]);
    const lastEventId = headers["last-event-id"] ?? query.lastEventId;
    const { ownerId } = authenticatedOf(req).caller;
    const followed = await verbs.followJob({ ownerId, ...params, signal, ...(lastEventId && { lastEventId }) });
    const iterator = followed[Symbol.asyncIterator]();
    const first = await iterator.next();
    // It saw the end already: 204 is what stops a browser from coming back.
    if (first.done) return { status: 204 as const, body: undefined };
    res.writeHead(200, HEADERS);
    const heartbeat = startHeartbeat(call, () => over.abort(new Error("The key is no longer valid.")));
    try {
      await stream(call, first.value, iterator, signal);
    } catch (error) {
      if (!signal.aborted) log.warn({ error }, "An event stream broke.");
    } finally {
      clearInterval(heartbeat);
      // Wakes a follower that waits for news, so that its `return` below can finish.
      over.abort(new Error("The stream has ended."));
      await iterator.return?.();
      res.end();
    }
    return answered(res);
  };
}
