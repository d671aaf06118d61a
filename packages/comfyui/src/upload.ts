import { Readable } from "node:stream";
import { type FilePlace, type UploadedFile, uploadedFile } from "@comfy/comfyui-contract";
import { toComfyUiError, toStatusError } from "./errors.ts";
import { type Http, parseAnswer } from "./http.ts";
import { toMultipart } from "./multipart.ts";

export interface UploadOptions {
  /** The file's name; letters of any language, but no path and no quotes. */
  readonly name: string;
  /** Made when it does not exist. */
  readonly subfolder?: string;
  /** Default `input`. `temp` is wiped when the server restarts. */
  readonly type?: FilePlace;
  readonly body: AsyncIterable<Uint8Array> | Uint8Array;
  /** Of a streamed body, when known: then the server can refuse it before it has all arrived. */
  readonly sizeBytes?: number;
  /** Replace a file of this name. Otherwise other content is saved as `name (1).ext`. */
  readonly overwrite?: boolean;
  readonly signal?: AbortSignal;
}

// The name stands between quotes in a header, and the server joins it to a folder.
const unsafeName = /["\\/\p{Cc}]|^\.\.?$|^$/u;
const unsafeFolder = /["\\\p{Cc}]|^\/|(^|\/)\.\.(\/|$)/u;

/** How graphs name an uploaded file: `sub/a.png`, with ` [temp]` behind it where it is not an input. */
export function toInputName(file: Pick<UploadedFile, "name" | "subfolder" | "type">): string {
  const path = file.subfolder ? `${file.subfolder}/${file.name}` : file.name;
  return file.type === "input" ? path : `${path} [${file.type}]`;
}

export function createUpload(http: Http) {
  /** @returns how the server named the file, which may differ from the name sent. */
  return async function upload(options: UploadOptions): Promise<UploadedFile> {
    const { name, subfolder = "", type = "input", body, sizeBytes, overwrite = false, signal } = options;
    if (unsafeName.test(name))
      throw new TypeError(`"${name}" is not a file name: expected no path, quote or control character.`);
    if (unsafeFolder.test(subfolder))
      throw new TypeError(`"${subfolder}" is not a folder inside the server's ${type} folder.`);
    const what = "POST /upload/image";
    const fields = { type, subfolder, ...(overwrite ? { overwrite: "true" } : {}) };
    const file = { field: "image", filename: name, body, ...(sizeBytes === undefined ? {} : { sizeBytes }) };
    const multipart = toMultipart(fields, file);
    const length = multipart.sizeBytes === undefined ? {} : { "content-length": String(multipart.sizeBytes) };
    const answer = await http.open({
      method: "POST",
      path: "/upload/image",
      headers: { "content-type": multipart.contentType, ...length },
      body: Readable.from(multipart.body, { objectMode: false }),
      signal,
    });
    const text = await answer.body.text().catch((error: unknown) => {
      signal?.throwIfAborted();
      throw toComfyUiError(error, what);
    });
    if (answer.statusCode !== 200) throw toStatusError(answer.statusCode, what, text);
    return parseAnswer(uploadedFile, text, what);
  };
}
