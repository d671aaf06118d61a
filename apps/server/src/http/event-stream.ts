import { once } from "node:events";
import type { ServerResponse } from "node:http";
import type { NumberedEvent } from "../jobs/follow-job.ts";
import type { Log } from "../log.ts";

/** Proxies cut connections that are silent for 30 to 60 s. */
const HEARTBEAT_MS = 15_000;
/** Heartbeats that a listener may leave unread before it counts as gone. */
const UNREAD_BEATS_MAX = 4;

/** How soon a browser comes back after a cut. */
const RETRY_MS = 2_000;

const HEADERS = {
  "Content-Type": "text/event-stream; charset=utf-8",
  "Cache-Control": "no-cache, no-transform",
  // nginx would otherwise hold events back until its buffer is full.
  "X-Accel-Buffering": "no",
};

export interface EventStreamOptions {
  /** Begins to follow; its events end when the signal aborts. */
  readonly follow: (signal: AbortSignal) => Promise<AsyncIterable<NumberedEvent>>;
  /** Ends the stream from outside: the caller is gone, or the service is draining. */
  readonly signal: AbortSignal;
  /** Asked at each heartbeat: a key that was revoked closes the streams it opened. */
  readonly isStillWelcome: () => Promise<boolean>;
  readonly log: Log;
}

/**
 * Writes events as server-sent events until the last one. `nothing` when there was none at all: then no answer was begun.
 *
 * @example await sendEventStream(res, { follow: (signal) => verbs.followJob({ ...address, signal }), signal, isStillWelcome, log });
 */
export async function sendEventStream(res: ServerResponse, options: EventStreamOptions): Promise<"sent" | "nothing"> {
  const over = new AbortController();
  const signal = AbortSignal.any([options.signal, over.signal]);
  try {
    const followed = await options.follow(signal);
    const iterator = followed[Symbol.asyncIterator]();
    const first = await iterator.next();
    if (first.done) return "nothing";
    res.writeHead(200, HEADERS);
    const stopHeartbeat = startHeartbeat(res, options, () =>
      over.abort(new Error("The listener is not welcome or gone.")),
    );
    try {
      await write(res, `retry: ${RETRY_MS}\n\n${toFrame(first.value)}`, signal);
      for (let next = await iterator.next(); !next.done && !signal.aborted; next = await iterator.next())
        await write(res, toFrame(next.value), signal);
    } catch (error) {
      if (!signal.aborted) options.log.warn({ error }, "An event stream broke.");
    } finally {
      stopHeartbeat();
      res.end();
    }
    return "sent";
  } finally {
    over.abort(new Error("The stream has ended."));
  }
}

// A thousand listeners are told of an end by one and the same event.
const frames = new WeakMap<NumberedEvent, string>();

function toFrame(numbered: NumberedEvent): string {
  const frame = frames.get(numbered) ?? `id: ${numbered.id}\ndata: ${JSON.stringify(numbered.event)}\n\n`;
  frames.set(numbered, frame);
  return frame;
}

/** Writes and, when the caller reads slowly, waits: a listener must not fill our memory. */
async function write(res: ServerResponse, text: string, signal: AbortSignal): Promise<void> {
  if (!res.write(text)) await once(res, "drain", { signal });
}

function startHeartbeat(res: ServerResponse, { isStillWelcome }: EventStreamOptions, stop: () => void): () => void {
  let unread = 0;
  const beat = async () => {
    if (!(await isStillWelcome())) return stop();
    unread = res.writableNeedDrain ? unread + 1 : 0;
    if (unread >= UNREAD_BEATS_MAX) return void res.destroy();
    if (unread === 0) res.write(": keep-alive\n\n");
  };
  const timer = setInterval(() => void beat().catch(stop), HEARTBEAT_MS);
  return () => clearInterval(timer);
}
