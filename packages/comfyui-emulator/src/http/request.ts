import type { IncomingMessage } from "node:http";
import { parsePythonJson } from "../python/parse-json.ts";
import { isPythonObject, type PythonJson, type PythonObject } from "../python/values.ts";
import { AnswerError, text, trouble } from "./answer.ts";

/** A request as handlers see it. */
export interface EmulatorRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  /** Parts of the path by name, decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly raw: IncomingMessage;
  /** The whole body. Larger ones than the server takes are answered 413. */
  readBody(): Promise<Buffer>;
}

/** The body as JSON. What is no JSON gets the answer of an uncaught exception, as on the real server. */
export async function readJson(request: EmulatorRequest): Promise<PythonJson> {
  const body = await request.readBody();
  try {
    return parsePythonJson(body.toString("utf8"));
  } catch {
    throw new AnswerError(trouble());
  }
}

export async function readJsonObject(request: EmulatorRequest): Promise<PythonObject> {
  const body = await readJson(request);
  if (!isPythonObject(body)) throw new AnswerError(trouble());
  return body;
}

/** Collects a body up to a limit. */
export async function readLimited(raw: IncomingMessage, bytesMax: number): Promise<Buffer> {
  const tooLarge = (): AnswerError => new AnswerError(text(`Maximum request body size ${bytesMax} exceeded.`, 413));
  if (Number(raw.headers["content-length"] ?? 0) > bytesMax) throw tooLarge();
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of raw) {
    if (!Buffer.isBuffer(chunk)) continue;
    size += chunk.length;
    if (size > bytesMax) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
