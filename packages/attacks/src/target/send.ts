import { request } from "node:http";
import { connect } from "node:net";

/** A request as it goes over the wire; nothing is added but what HTTP/1.1 cannot do without. */
export interface WireRequest {
  readonly method: string;
  /** The request target, as it is. */
  readonly path: string;
  /** A list is sent as so many headers of one name. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | Uint8Array;
  /** Sent in chunks, without a length. */
  readonly isChunked?: boolean;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  readonly bytes: Buffer;
}

const TIMEOUT_MS = 20_000;

/** The body of an answer, as JSON; an empty object when it is none. */
export function readJson(answer: Answer): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(answer.text);
    return typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value)) : {};
  } catch {
    return {};
  }
}

const toRequestHeaders = ({ headers = {}, body, isChunked }: WireRequest) => ({
  ...(body !== undefined && !isChunked && { "content-length": String(Buffer.byteLength(body)) }),
  ...(isChunked && { "transfer-encoding": "chunked" }),
  ...Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? [...value] : value]),
  ),
});

/** Sends a request on a connection of its own and reads the answer whole. */
export function send(origin: string, wire: WireRequest): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const { hostname, port } = new URL(origin);
  const { method, path, body } = wire;
  const headers = { connection: "close", ...toRequestHeaders(wire) } as Record<string, string | string[]>;
  const sent = request({ hostname, port, method, path, headers, agent: false, timeout: TIMEOUT_MS });
  sent.once("timeout", () => sent.destroy(new Error(`${method} ${path.slice(0, 80)} was not answered in time.`)));
  sent.once("error", reject);
  sent.once("response", (response) => {
    const chunks: Buffer[] = [];
    response.on("data", (chunk: Buffer) => chunks.push(chunk));
    response.once("error", reject);
    response.once("end", () => {
      const bytes = Buffer.concat(chunks);
      const answered = Object.fromEntries(
        Object.entries(response.headers).map(([name, value]) => [name, [value ?? ""].flat().join(", ")]),
      );
      resolve({ status: response.statusCode ?? 0, headers: answered, text: bytes.toString("utf8"), bytes });
    });
  });
  sent.end(body);
  return promise;
}

export interface RawOptions {
  /** Written one after the other, `pauseMs` apart. */
  readonly pauseMs?: number;
  /** Reading ends then, at the latest; before that when the peer closes. */
  readonly timeoutMs?: number;
  /** Reading ends as soon as this has arrived. */
  readonly until?: RegExp;
}

export interface RawAnswer {
  readonly text: string;
  /** The peer closed the connection. */
  readonly isClosed: boolean;
  readonly durationMs: number;
}

/** Writes bytes on a bare socket, and reads what comes back. */
export function sendRaw(
  origin: string,
  parts: readonly (string | Uint8Array)[],
  options: RawOptions = {},
): Promise<RawAnswer> {
  const { pauseMs = 0, timeoutMs = 3_000, until } = options;
  const { promise, resolve } = Promise.withResolvers<RawAnswer>();
  const { hostname, port } = new URL(origin);
  const startedMs = performance.now();
  const socket = connect({ host: hostname, port: Number(port) });
  let text = "";
  const end = (isClosed: boolean) => {
    clearTimeout(timer);
    clearInterval(writing);
    socket.destroy();
    resolve({ text, isClosed, durationMs: performance.now() - startedMs });
  };
  const timer = setTimeout(() => end(false), timeoutMs);
  const rest = [...parts];
  const write = () => {
    const part = rest.shift();
    if (part !== undefined && socket.writable) socket.write(part);
  };
  let writing: NodeJS.Timeout | undefined;
  socket.setEncoding("latin1");
  socket.once("connect", () => {
    if (pauseMs > 0) writing = setInterval(write, pauseMs);
    else while (rest.length > 0) write();
  });
  socket.on("data", (chunk) => {
    text += chunk;
    if (until?.test(text)) end(false);
  });
  socket.once("close", () => end(true));
  socket.on("error", () => end(true));
  return promise;
}

/** Writes bytes on a bare socket and never reads. */
export function holdOpen(origin: string, bytes: string): () => void {
  const { hostname, port } = new URL(origin);
  const socket = connect({ host: hostname, port: Number(port) });
  socket.on("error", () => undefined);
  socket.once("connect", () => socket.write(bytes));
  socket.pause();
  return () => void socket.destroy();
}

/** The statuses of the answers in what came over a bare socket. */
export const statusesIn = (text: string): string[] =>
  [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => status ?? "");
