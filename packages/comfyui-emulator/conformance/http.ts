import { type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from "node:http";

export interface Request {
  readonly method?: string;
  /** Sent as written: dots, spaces and all. */
  readonly path: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string | Uint8Array;
  readonly timeoutMs?: number;
  /** Cuts the connection as soon as the request is out, and answers with status 0. */
  readonly hangsUp?: boolean;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
  readonly text: string;
  json(): unknown;
}

const TIMEOUT_MS = 15_000;

/** One request, one connection: the suite sees exactly what the server answers, without a client's help. */
export function send(
  url: string,
  { method = "GET", path, headers = {}, body, timeoutMs = TIMEOUT_MS, hangsUp = false }: Request,
): Promise<Answer> {
  const { hostname, port } = new URL(url);
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const options = { hostname, port, method, path, headers, agent: false, signal: AbortSignal.timeout(timeoutMs) };
  const outgoing = request(options, (incoming) => {
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("error", reject);
    incoming.on("end", () => {
      const bytes = Buffer.concat(chunks);
      const text = bytes.toString("utf8");
      const json = (): unknown => JSON.parse(text);
      resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, bytes, text, json });
    });
  });
  outgoing.on("error", reject);
  outgoing.end(body, () => {
    if (hangsUp) {
      resolve({ status: 0, headers: {}, bytes: Buffer.alloc(0), text: "", json: () => undefined });
      outgoing.destroy();
    }
  });
  return promise;
}

export async function sendJson(url: string, path: string, body: unknown): Promise<Answer> {
  return await send(url, {
    method: "POST",
    path,
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}

/** Fields of a form, in order. A field with a file name is a file. */
export interface FormField {
  readonly name: string;
  readonly value: string | Uint8Array;
  readonly filename?: string;
}

const BOUNDARY = "----conformance7d3f0a";

/** A multipart form written by hand, so that names travel exactly as given. */
export async function sendForm(url: string, path: string, fields: readonly FormField[]): Promise<Answer> {
  const parts = fields.flatMap(({ name, value, filename }) => {
    const file = filename === undefined ? "" : `; filename="${filename}"`;
    const type = filename === undefined ? "" : "Content-Type: application/octet-stream\r\n";
    const head = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"${file}\r\n${type}\r\n`;
    return [Buffer.from(head), Buffer.from(value), Buffer.from("\r\n")];
  });
  return await send(url, {
    method: "POST",
    path,
    headers: { "content-type": `multipart/form-data; boundary=${BOUNDARY}` },
    body: Buffer.concat([...parts, Buffer.from(`--${BOUNDARY}--\r\n`)]),
  });
}

/** Uploads a file; other text fields (`type`, `subfolder`, `overwrite`) come first. */
export async function upload(
  url: string,
  filename: string,
  bytes: string | Uint8Array,
  fields: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const texts = Object.entries(fields).map(([name, value]) => ({ name, value }));
  return await sendForm(url, "/upload/image", [...texts, { name: "image", filename, value: bytes }]);
}
