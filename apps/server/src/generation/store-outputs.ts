import { extname } from "node:path";
import { setTimeout } from "node:timers/promises";
import type { NewAsset } from "../assets/asset.ts";
import type { StoreFile } from "../assets/store-file.ts";
import { toAppError } from "../errors.ts";
import type { Backend, RenderedFile } from "./backend.ts";

export interface StoreOutputsDeps {
  readonly storeFile: StoreFile;
  /** A render that makes more than this in one file is refused. Default 2 GiB. */
  readonly sizeBytesMax?: number;
  /** Waits before the second, third… try of a transfer that failed. */
  readonly retryDelaysMs?: readonly number[];
}

export interface StoreOutputsOptions {
  /** The nodes whose files are the result, the main one first. */
  readonly outputNodes: readonly string[];
  /** What people find in their downloads: `portrait.png`, or `image-1.png`, `image-2.png`… when there are several. */
  readonly stem: string;
  /** They may not leave this machine. */
  readonly isLocal: boolean;
  readonly signal: AbortSignal;
  /** A store that does not take them is asked again until this aborts: the render is done, and is not done again for that. */
  readonly patience: AbortSignal;
}

const SIZE_BYTES_MAX = 2 * 1024 ** 3;
const RETRY_DELAYS_MS = [200, 1_000, 3_000];

/** The result's files in order. What other nodes saved on the way is dropped, unless nothing else was made. */
function selectFiles(files: readonly RenderedFile[], outputNodes: readonly string[]): readonly RenderedFile[] {
  const results = outputNodes.flatMap((node) =>
    files.filter((file) => file.node === node).toSorted((left, right) => left.index - right.index),
  );
  return results.length ? results : files;
}

/**
 * Moves what a render made into the store, as streams. A transfer that fails is tried again: the render is done, only bytes are missing.
 * A file that is gone, or too large, is not.
 */
export function createStoreOutputs(deps: StoreOutputsDeps) {
  const { storeFile, sizeBytesMax = SIZE_BYTES_MAX, retryDelaysMs = RETRY_DELAYS_MS } = deps;

  async function store(
    backend: Backend,
    { file, name }: { file: RenderedFile; name: string },
    { signal, isLocal, patience }: StoreOutputsOptions,
  ): Promise<NewAsset> {
    const { node, index } = file;
    const how = { sizeBytesMax, signal, isLocal, patience };
    for (const delayMs of [...retryDelaysMs, undefined]) {
      try {
        const body = await backend.open(file, signal);
        return await storeFile({ name, body, source: "output", node, index, ...how });
      } catch (error) {
        signal.throwIfAborted();
        if (delayMs === undefined || toAppError(error).code !== "internal_error") throw error;
        await setTimeout(delayMs, undefined, { signal });
      }
    }
    throw new Error("A transfer is tried at least once.");
  }

  return async function storeOutputs(
    backend: Backend,
    files: readonly RenderedFile[],
    options: StoreOutputsOptions,
  ): Promise<readonly NewAsset[]> {
    const stored: NewAsset[] = [];
    const selected = selectFiles(files, options.outputNodes);
    for (const [position, file] of selected.entries()) {
      const number = selected.length > 1 ? `-${position + 1}` : "";
      const name = options.stem + number + extname(file.name);
      stored.push(await store(backend, { file, name }, options));
    }
    return stored;
  };
}
