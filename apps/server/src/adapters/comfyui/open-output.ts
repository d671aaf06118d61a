import type { Readable } from "node:stream";
import { type ComfyUi, ComfyUiError } from "@comfy/comfyui";
import { AppError } from "../../errors.ts";
import type { Backend } from "../../generation/backend.ts";
import type { OutputMemory } from "./output-memory.ts";

const toOutputError = (error: unknown): unknown => {
  if (!(error instanceof ComfyUiError)) return error;
  // Only a file that is gone needs a new render; whatever else went wrong, it can be fetched again.
  const code = error.code === "file_gone" ? "output_unavailable" : "internal_error";
  return new AppError(code, error.publicMessage, { cause: error });
};

/** Opens what a render made: a small file whole, as one piece, a large one as a stream. */
export function createOpenOutput(comfy: Pick<ComfyUi, "fetch">, memory: OutputMemory): Backend["open"] {
  return async function openOutput({ reference }, signal) {
    const { filename = "", subfolder = "", type = "output" } = reference;
    let taken: Uint8Array | undefined;
    const giveBack = () => {
      signal.removeEventListener("abort", giveBack);
      if (taken) memory.giveBack(taken);
      taken = undefined;
    };
    const allot = (sizeBytes: number) => {
      taken = memory.take(sizeBytes);
      return taken;
    };
    // Whoever leaves may never have begun to read.
    signal.addEventListener("abort", giveBack, { once: true });
    try {
      const file = await comfy.fetch({ filename, subfolder, type }, { signal, allot });
      if ("bytes" in file) return toOnePiece(file.bytes, giveBack);
      giveBack();
      return readStream(file.body, signal);
    } catch (error) {
      giveBack();
      signal.throwIfAborted();
      throw toOutputError(error);
    }
  };
}

/**
 * The bytes, once. They are let go of when they are asked past, not when the reader is done with the file: a store that is down has it on its
 * disk by then, and its wait may take an hour for each of many.
 */
function toOnePiece(bytes: Uint8Array, onRead: () => void): AsyncIterableIterator<Uint8Array> {
  let left: Uint8Array | undefined = bytes;
  const end = async (): Promise<IteratorReturnResult<undefined>> => {
    left = undefined;
    onRead();
    return { done: true, value: undefined };
  };
  return {
    async next() {
      if (left === undefined) return end();
      const value = left;
      left = undefined;
      return { done: false, value };
    },
    return: end,
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

async function* readStream(body: Readable, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    signal.throwIfAborted();
    throw toOutputError(error);
  } finally {
    body.destroy();
  }
}
