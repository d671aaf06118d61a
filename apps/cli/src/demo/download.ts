import { open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Kind } from "@comfy/client";
import { toExtension } from "./media-type.ts";

export interface DownloadOptions {
  readonly kind: Kind;
  /** The signed link of a result; it alone must open the file, without key or signature. */
  readonly url: string;
  readonly folder: string;
  readonly signal: AbortSignal;
}

export interface Download {
  readonly file: string;
  readonly sizeBytes: number;
  readonly contentType: string;
}

/**
 * Fetches what a link points at into `<folder>/<kind>.<extension>`, replacing the file of an earlier run. The file appears when it is whole.
 *
 * @throws Error when the link does not open, breaks off, or brings something else than the kind makes.
 */
export async function download({ kind, url, folder, signal }: DownloadOptions): Promise<Download> {
  const response = await fetch(url, { signal });
  const contentType = response.headers.get("content-type") ?? "";
  if (!response.ok || !response.body) throw new Error(`the link answered ${response.status}`);
  const partial = join(folder, `${kind}.part`);
  const handle = await open(partial, "w");
  try {
    let sizeBytes = 0;
    let firstBytes = Buffer.alloc(0);
    for await (const chunk of response.body) {
      if (firstBytes.length < 12) firstBytes = Buffer.concat([firstBytes, chunk.subarray(0, 12)]);
      await handle.write(chunk);
      sizeBytes += chunk.length;
    }
    const file = join(folder, `${kind}.${toExtension(kind, contentType, firstBytes)}`);
    await rename(partial, file);
    return { file, sizeBytes, contentType };
  } finally {
    await handle.close();
    await rm(partial, { force: true });
  }
}
