import type { ServerResponse } from "node:http";
import { PassThrough } from "node:stream";

/** Aborts when the caller's connection closes before the answer is out. */
export function watchCaller(res: ServerResponse): AbortSignal {
  const controller = new AbortController();
  const abort = () => {
    if (!res.writableFinished) controller.abort(new Error("The caller closed the connection."));
  };
  if (res.destroyed || res.closed) abort();
  else res.once("close", abort);
  return controller.signal;
}

/** Longer than a lift takes; nobody watches a download that stands still for so long. */
const SILENCE_MS = 60_000;

/**
 * Cuts a reader that takes nothing of its answer for a while: it may be gone without a word, and meanwhile holds a file, or memory. Who
 * reads slowly is not silent.
 */
export function cutIdleReader(res: ServerResponse, silenceMs = SILENCE_MS): void {
  res.setTimeout(silenceMs, () => res.destroy());
}

/**
 * The body of an answer that was written by hand. ts-rest pipes any stream it is given into the response; this one declines.
 * Typed `never` so that it stands for whatever the contract says the body is.
 */
const SENT = Object.assign(new PassThrough(), { pipe: <To>(to: To): To => to }) as never;

/** What a handler returns once it has written the answer itself. The status is the one that went out: ts-rest sets it once more. */
export function answered(res: ServerResponse): { readonly status: 200; readonly body: never } {
  return { status: res.statusCode as 200, body: SENT };
}
