import { type Readable, Transform } from "node:stream";
import { ComfyUiError, toComfyUiError, toStatusError } from "./errors.ts";
import type { Http } from "./http.ts";
import type { ServerFile } from "./outputs.ts";

/** A file on its way. Consume or destroy `body`; it fails with a ComfyUiError, `truncated` when bytes are missing. */
export interface OpenedFile {
  readonly body: Readable;
  readonly sizeBytes?: number;
  readonly contentType: string;
}

const toText = (value: string | string[] | undefined): string | undefined => (Array.isArray(value) ? value[0] : value);

/** Passes bytes on and counts them: a connection that ends early must not look like a small file. */
function createCounter(sizeBytes: number | undefined, what: string): Transform {
  let passed = 0;
  return new Transform({
    transform(chunk: Uint8Array, _, done) {
      passed += chunk.length;
      done(null, chunk);
    },
    flush(done) {
      const isWhole = sizeBytes === undefined || passed === sizeBytes;
      done(isWhole ? null : new ComfyUiError("truncated", `${what}: ${passed} of ${sizeBytes} bytes arrived.`));
    },
  });
}

const toTransferError = (error: unknown, what: string): ComfyUiError => {
  const known = toComfyUiError(error, what);
  // The answer had begun, so a lost connection means missing bytes.
  const isCut = known.code === "unreachable" && !known.isUnsent;
  return isCut ? new ComfyUiError("truncated", known.message, { cause: error }) : known;
};

/** Streams a file in constant memory; the deadline is between chunks, so that a long video may take its time. */
export function createOpenFile(http: Http, firstByteMs: number) {
  return async function open(file: ServerFile, { signal }: { signal?: AbortSignal } = {}): Promise<OpenedFile> {
    const what = "GET /view";
    const query = { filename: file.filename, subfolder: file.subfolder, type: file.type };
    // Only the wait for the answer's head has this deadline; afterwards the time between chunks is watched by the HTTP client.
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(new ComfyUiError("timeout", `${what}: no answer in time.`)), firstByteMs);
    const both = signal ? AbortSignal.any([signal, late.signal]) : late.signal;
    const answer = await http
      .open({ method: "GET", path: "/view", query, signal: both })
      .finally(() => clearTimeout(timer));
    if (answer.statusCode !== 200) {
      await answer.body.dump();
      if (answer.statusCode !== 404) throw toStatusError(answer.statusCode, what);
      const name = `${file.type}/${file.subfolder ? `${file.subfolder}/` : ""}${file.filename}`;
      throw new ComfyUiError("file_gone", `${what}: ${name} is not there any more.`, { status: 404 });
    }
    const length = Number(toText(answer.headers["content-length"]));
    const isPlain = toText(answer.headers["content-encoding"]) === undefined;
    const sizeBytes = isPlain && Number.isSafeInteger(length) && length >= 0 ? length : undefined;
    const body = createCounter(toText(answer.headers["content-length"]) ? sizeBytes : undefined, what);
    // A failure before the first read has nobody to hear it, which would end the process.
    body.on("error", () => {});
    answer.body.on("error", (error) =>
      body.destroy(signal?.aborted ? toComfyUiError(error, what) : toTransferError(error, what)),
    );
    body.on("close", () => answer.body.destroy());
    answer.body.pipe(body);
    return {
      body,
      contentType: toText(answer.headers["content-type"]) ?? "application/octet-stream",
      ...(sizeBytes === undefined ? {} : { sizeBytes }),
    };
  };
}
