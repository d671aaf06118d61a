import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { finished } from "node:stream/promises";
import type { Faults } from "../faults/faults.ts";
import { type Answer, AnswerError, empty, text, trouble } from "./answer.ts";
import { isForeignOrigin } from "./origin.ts";
import { readLimited } from "./request.ts";
import { findRoute, type Route } from "./router.ts";

export interface ListenerParts {
  readonly routes: readonly Route[];
  readonly faults: Faults;
  readonly bodyBytesMax: number;
  /** Added to every answer; undefined keeps the origin check. */
  readonly corsHeaders: Readonly<Record<string, string>> | undefined;
  /** Told about exceptions that are no part of the protocol. */
  readonly onTrouble: (error: unknown) => void;
}

/** Answers one HTTP request. */
export function createListener(parts: ListenerParts): (request: IncomingMessage, response: ServerResponse) => void {
  return (raw, response) => {
    const url = new URL(raw.url ?? "/", "http://localhost");
    const isOwn = url.pathname.startsWith("/emulator/");
    const fate = isOwn ? undefined : parts.faults.strike(raw.method ?? "GET", url.pathname.replace(/^\/api(?=\/)/, ""));
    if (fate?.kind === "hang") return void raw.resume();
    const answer = fate?.kind === "error" ? Promise.resolve(faultAnswer(fate.status)) : respond(parts, raw, url);
    answer
      .then((made) => (fate?.kind === "lost-answer" ? void raw.socket.destroy() : write(parts, raw, response, made)))
      // The client went away: its request has been handled all the same.
      .catch(() => response.destroy());
  };
}

async function respond(parts: ListenerParts, raw: IncomingMessage, url: URL): Promise<Answer> {
  const { headers, method = "GET" } = raw;
  if (parts.corsHeaders === undefined && isForeignOrigin(headers.host, headers.origin)) return empty(403);
  if (method === "OPTIONS") return empty();
  const found = findRoute(parts.routes, method, url.pathname);
  if ("status" in found) return found;
  const readBody = (): Promise<Buffer> => readLimited(raw, parts.bodyBytesMax);
  try {
    const { pathname: path, searchParams: query } = url;
    return await found.handle({ method, path, query, params: found.params, raw, readBody });
  } catch (error) {
    if (error instanceof AnswerError) return error.answer;
    parts.onTrouble(error);
    return trouble();
  }
}

function faultAnswer(status: number): Answer {
  return status === 500 ? trouble() : text(`${status}: a fault asked for this answer`, status);
}

async function write(
  parts: ListenerParts,
  raw: IncomingMessage,
  response: ServerResponse,
  answer: Answer,
): Promise<void> {
  const { status, headers = {}, body, isChunked = false } = answer;
  // What nobody caught never passes the middleware that adds these.
  const cors = status === 500 ? {} : parts.corsHeaders;
  const isStream = body instanceof Readable;
  const bytes = isStream || body === undefined ? Buffer.alloc(0) : Buffer.from(body);
  const hasLength = isStream || isChunked || status === 304 || Object.hasOwn(headers, "Content-Length");
  const length = hasLength ? {} : { "Content-Length": String(bytes.length) };
  // An unread body (413, 403) would be taken for the next request on the same connection.
  const close = raw.complete || raw.method === "GET" || raw.method === "HEAD" ? {} : { Connection: "close" };
  response.writeHead(status, { ...headers, ...cors, ...length, ...close });
  if (isStream && raw.method !== "HEAD") {
    body.pipe(response);
    body.on("error", () => response.destroy());
    await finished(response);
    return;
  }
  response.end(raw.method === "HEAD" ? undefined : bytes);
}
