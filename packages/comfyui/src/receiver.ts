import { Readable } from "node:stream";
import type { Dispatcher } from "undici";
import { ComfyUiError, toComfyUiError, toStatusError } from "./errors.ts";
import type { Allot, GatheredFile, OpenedFile } from "./fetched-file.ts";
import { freeChunk } from "./free-chunk.ts";

type Controller = Dispatcher.DispatchController;
type Headers = Readonly<Record<string, string | string[] | undefined>>;

export interface ReceiverOptions {
  readonly what: string;
  /** The file's, for logs. */
  readonly name: string;
  /** Only the wait for the answer's head has this deadline; afterwards the HTTP client watches the time between chunks. */
  readonly firstByteMs: number;
  readonly signal: AbortSignal | undefined;
  readonly allot: Allot | undefined;
}

const toText = (value: string | string[] | undefined): string | undefined => (Array.isArray(value) ? value[0] : value);

/** The announced size of the bytes as they arrive here; undefined when they are packed or nothing is announced. */
function toSize(headers: Headers): number | undefined {
  const length = Number(toText(headers["content-length"]) || Number.NaN);
  const isPlain = toText(headers["content-encoding"]) === undefined;
  return isPlain && Number.isSafeInteger(length) && length >= 0 ? length : undefined;
}

const toTransferError = (error: unknown, what: string): ComfyUiError => {
  const known = toComfyUiError(error, what);
  // The answer had begun, so a lost connection means missing bytes.
  const isCut = known.code === "unreachable" && !known.isUnsent;
  return isCut ? new ComfyUiError("truncated", known.message, { cause: error }) : known;
};

/** A refusal's page is read to its end up to this size, so that the connection can be used again. */
const REFUSAL_BYTES_MAX = 128 * 1024;

/** Takes one file from the HTTP client, chunk by chunk and without a stream in between. */
export class Receiver implements Dispatcher.DispatchHandler {
  readonly received: Promise<OpenedFile | GatheredFile>;
  readonly #options: ReceiverOptions;
  readonly #settle: { resolve: (file: OpenedFile | GatheredFile) => void; reject: (reason: unknown) => void };
  readonly #onAbort = () => this.#stop(this.#options.signal?.reason);
  #timer: NodeJS.Timeout | undefined;
  #controller: Controller | undefined;
  /** Why nobody wants it any more, set before the request had begun. */
  #stopped: Error | undefined;
  #sizeBytes: number | undefined;
  #receivedBytes = 0;
  #contentType = "application/octet-stream";
  #isRefused = false;
  #isOver = false;
  #memory: Uint8Array | undefined;
  #stream: Readable | undefined;
  #chunk: Uint8Array | undefined;

  constructor(options: ReceiverOptions) {
    const { promise, ...settle } = Promise.withResolvers<OpenedFile | GatheredFile>();
    this.#options = options;
    this.received = promise;
    this.#settle = settle;
  }

  start(dispatch: (handler: Dispatcher.DispatchHandler) => void): void {
    const { signal, what, firstByteMs } = this.#options;
    if (signal?.aborted) {
      this.#settle.reject(signal.reason);
      return;
    }
    signal?.addEventListener("abort", this.#onAbort, { once: true });
    const late = () => this.#stop(new ComfyUiError("timeout", `${what}: no answer in time.`));
    this.#timer = setTimeout(late, firstByteMs);
    try {
      dispatch(this);
    } catch (error) {
      this.#fail(error);
    }
  }

  onRequestStart(controller: Controller): void {
    this.#controller = controller;
    if (this.#stopped) controller.abort(this.#stopped);
  }

  onResponseStart(controller: Controller, status: number, headers: Headers): void {
    if (status < 200) return;
    clearTimeout(this.#timer);
    if (status !== 200) {
      this.#refuse(status);
      return;
    }
    this.#sizeBytes = toSize(headers);
    this.#contentType = toText(headers["content-type"]) ?? this.#contentType;
    this.#memory = this.#sizeBytes === undefined ? undefined : this.#options.allot?.(this.#sizeBytes);
    if (!this.#memory) this.#settle.resolve({ ...this.#toFacts(), body: this.#openStream(controller) });
  }

  onResponseData(controller: Controller, chunk: Uint8Array): void {
    // After a pause the parser may come with nothing, which in a stream of chunks would count as one.
    if (chunk.length === 0) return;
    const start = this.#receivedBytes;
    this.#receivedBytes += chunk.length;
    if (this.#memory) this.#gather(this.#memory, chunk, start);
    else if (this.#stream) this.#stream.push(chunk) || controller.pause();
    else if (this.#receivedBytes > REFUSAL_BYTES_MAX) controller.abort(new Error("The refusal is long."));
  }

  onResponseEnd(): void {
    this.#isOver = true;
    const { what } = this.#options;
    const isWhole = this.#sizeBytes === undefined || this.#receivedBytes === this.#sizeBytes;
    if (!isWhole) {
      const message = `${what}: ${this.#receivedBytes} of ${this.#sizeBytes} bytes arrived.`;
      this.#fail(new ComfyUiError("truncated", message));
      return;
    }
    this.#release();
    if (this.#memory) this.#settle.resolve({ ...this.#toFacts(), bytes: this.#memory });
    this.#stream?.push(null);
  }

  onResponseError(_: Controller, error: Error): void {
    this.#isOver = true;
    this.#fail(error);
  }

  #toFacts() {
    return {
      contentType: this.#contentType,
      ...(this.#sizeBytes !== undefined && { sizeBytes: this.#sizeBytes }),
    };
  }

  #openStream(controller: Controller): Readable {
    this.#stream = new Readable({
      // Chunks are handed on as they were read, four of them at most: a stream of bytes would join what has gathered, which is a copy.
      objectMode: true,
      highWaterMark: 4,
      read: () => controller.resume(),
      destroy: (error, done) => {
        this.#release();
        // A reader who leaves early closes the connection: the rest of the file would only be thrown away.
        if (!this.#isOver) controller.abort(error ?? new Error("The reader left."));
        done(error);
      },
    });
    // A failure before the first read has nobody to hear it, which would end the process.
    return this.#stream.on("error", () => {});
  }

  #gather(memory: Uint8Array, chunk: Uint8Array, start: number): void {
    memory.set(chunk, start);
    // The first chunk holds the head and the last may be looked at by the parser once more; those between are ours alone.
    const previous = this.#chunk;
    this.#chunk = start === 0 ? undefined : chunk;
    if (previous && previous.buffer !== chunk.buffer) freeChunk(previous);
  }

  #refuse(status: number): void {
    const { what, name } = this.#options;
    this.#isRefused = true;
    this.#release();
    const gone = () => new ComfyUiError("file_gone", `${what}: ${name} is not there any more.`, { status });
    this.#settle.reject(status === 404 ? gone() : toStatusError(status, what));
  }

  /** The caller left, or has waited long enough. */
  #stop(reason: unknown): void {
    const error = reason instanceof Error ? reason : new Error("The caller aborted.", { cause: reason });
    this.#stopped = error;
    this.#release();
    // What the caller gave as its reason, in its own form.
    this.#settle.reject(reason);
    if (this.#controller) this.#controller.abort(error);
  }

  #fail(error: unknown): void {
    this.#release();
    if (this.#isRefused) return;
    const { what, signal } = this.#options;
    const hasBegun = this.#stream !== undefined || this.#memory !== undefined;
    const told = hasBegun && !signal?.aborted ? toTransferError(error, what) : toComfyUiError(error, what);
    this.#settle.reject(told);
    this.#stream?.destroy(told);
  }

  #release(): void {
    clearTimeout(this.#timer);
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
  }
}
