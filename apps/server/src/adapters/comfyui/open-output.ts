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
      if (taken) memory.giveBack(taken);
      taken = undefined;
    };
    const allot = (sizeBytes: number) => {
      taken = memory.take(sizeBytes);
      return taken;
    };
    const fetch = async () => {
      try {
        return await comfy.fetch({ filename, subfolder, type }, { signal, allot });
      } catch (error) {
        signal.throwIfAborted();
        throw toOutputError(error);
      } finally {
        // It has arrived, or never will: what comes next is bounded by the jobs at work.
        giveBack();
      }
    };
    const file = await fetch();
    return {
      async *[Symbol.asyncIterator]() {
        if ("bytes" in file) {
          yield file.bytes;
          return;
        }
        try {
          yield* file.body;
        } catch (error) {
          signal.throwIfAborted();
          throw toOutputError(error);
        } finally {
          file.body.destroy();
        }
      },
    };
  };
}
