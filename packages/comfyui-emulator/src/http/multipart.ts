import { Readable } from "node:stream";
import busboy from "busboy";
import type { EmulatorRequest } from "./request.ts";

export interface FormFile {
  readonly filename: string;
  readonly bytes: Uint8Array;
}

export interface Form {
  readonly fields: ReadonlyMap<string, string>;
  readonly files: ReadonlyMap<string, FormFile>;
}

/** Reads a multipart form; undefined when the request is none. Names are UTF-8 and taken as they are. */
export async function readForm(request: EmulatorRequest): Promise<Form | undefined> {
  const type = request.raw.headers["content-type"] ?? "";
  if (!/^multipart\/form-data/i.test(type)) return undefined;
  const body = await request.readBody();
  const fields = new Map<string, string>();
  const files = new Map<string, FormFile>();
  const parser = busboy({ headers: { "content-type": type }, defParamCharset: "utf8", preservePath: true });
  // Of several parts with one name the first counts.
  parser.on("field", (name, value) => fields.set(name, fields.get(name) ?? value));
  parser.on("file", (name, stream, { filename }) => {
    const chunks: Buffer[] = [];
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    // A part that ends too early is told by the parser as well.
    stream.on("error", () => undefined);
    stream.on("end", () => {
      if (!files.has(name)) files.set(name, { filename: filename ?? "", bytes: Buffer.concat(chunks) });
    });
  });
  await new Promise<void>((resolve, reject) => {
    parser.on("close", resolve);
    parser.on("error", reject);
    Readable.from([body]).pipe(parser);
  });
  return { fields, files };
}
