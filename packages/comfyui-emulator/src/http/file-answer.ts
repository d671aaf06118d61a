import type { BigIntStats } from "node:fs";
import type { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import { type Answer, empty, text } from "./answer.ts";

export interface FileToAnswer {
  readonly facts: BigIntStats;
  readonly headers: Readonly<Record<string, string>>;
  readonly open: (range: { start: number; end: number }) => Readable;
}

/** A file with its validators: 304 for what the client has, 206 for a range, 416 for one beyond the end. */
export function answerFile(request: IncomingMessage, file: FileToAnswer): Answer {
  const { facts } = file;
  const size = Number(facts.size);
  const etag = `"${facts.mtimeNs.toString(16)}-${size.toString(16)}"`;
  const modified = facts.mtime.toUTCString();
  const validators = { ETag: etag, "Last-Modified": modified };
  if (isKnown(request, etag, facts.mtime)) return { status: 304, headers: validators };
  const headers = { ...file.headers, ...validators, "Accept-Ranges": "bytes" };
  const range = isRangeWanted(request, etag, modified) ? parseRange(request.headers.range ?? "", size) : undefined;
  if (range === "beyond") {
    const { body, headers: plain } = text("416: Range Not Satisfiable", 416);
    return { status: 416, headers: { ...plain, "Content-Range": `bytes */${size}` }, body: body ?? "" };
  }
  if (size === 0) return { ...empty(200), headers: { ...headers, "Content-Length": "0" } };
  const { start, end } = range ?? { start: 0, end: size - 1 };
  const length = { "Content-Length": String(end - start + 1) };
  const part = range === undefined ? {} : { "Content-Range": `bytes ${start}-${end}/${size}` };
  const status = range === undefined ? 200 : 206;
  if (request.method === "HEAD") return { status, headers: { ...headers, ...length, ...part } };
  return { status, headers: { ...headers, ...length, ...part }, body: file.open({ start, end }) };
}

function isKnown(request: IncomingMessage, etag: string, modified: Date): boolean {
  const { "if-none-match": tags, "if-modified-since": since } = request.headers;
  if (tags !== undefined) return tags.split(",").some((tag) => [etag, "*"].includes(tag.trim().replace(/^W\//, "")));
  // Dates count whole seconds.
  return since !== undefined && Math.floor(modified.getTime() / 1000) * 1000 <= Date.parse(since);
}

function isRangeWanted(request: IncomingMessage, etag: string, modified: string): boolean {
  const condition = request.headers["if-range"];
  return (
    request.headers.range !== undefined && (condition === undefined || condition === etag || condition === modified)
  );
}

/** One range; several at once, or another unit, count as none. */
function parseRange(header: string, size: number): { start: number; end: number } | "beyond" | undefined {
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(header.trim()) ?? [];
  if (first === undefined || last === undefined || (first === "" && last === "")) return "beyond";
  const start = first === "" ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === "" || last === "" ? size - 1 : Math.min(size - 1, Number(last));
  return start >= size || start > end ? "beyond" : { start, end };
}
