import type { Readable } from "node:stream";
import { toPythonJson } from "../python/print-json.ts";

/** What a handler returns. */
export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array | Readable;
  /** An empty body that is sent in chunks instead of with a length of zero, as static folders do. */
  readonly isChunked?: boolean;
}

/** Thrown to leave a handler with an answer. */
export class AnswerError extends Error {
  readonly answer: Answer;

  constructor(answer: Answer) {
    super(`answered ${answer.status}`);
    this.name = "AnswerError";
    this.answer = answer;
  }
}

export function json(value: unknown, status = 200): Answer {
  return { status, headers: { "Content-Type": "application/json; charset=utf-8" }, body: toPythonJson(value) };
}

export function text(body: string, status = 200): Answer {
  return { status, headers: { "Content-Type": "text/plain; charset=utf-8" }, body };
}

/** A bare status. aiohttp labels its empty bodies as a stream of octets. */
export function empty(status = 200): Answer {
  return { status, headers: { "Content-Type": "application/octet-stream" } };
}

/** Everything that Python did not catch ends in this answer. */
export function trouble(): Answer {
  const { status, headers, body } = text("500 Internal Server Error\n\nServer got itself in trouble", 500);
  return { status, headers: { ...headers, Connection: "close" }, body: body ?? "" };
}
