import { createHash, randomUUID } from "node:crypto";
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { addAbortSignal } from "node:stream";
import type { StoredBlob } from "../../assets/asset.ts";
import type { BlobStore } from "../../assets/blob-store.ts";
import { untilAborted } from "../../assets/until-aborted.ts";
import { AppError } from "../../errors.ts";

const LOCATION = /^[0-9a-f]{2}\/[0-9a-f]{64}$/;
const HALVES = "incoming";
// Another process may be writing into the same folder; what was untouched for this long is nobody's.
const HALF_AGE_MS = 3_600_000;

/** The path of a stored blob. Locations come from our own tables, yet nothing else may ever name a file here. */
function toPath(directory: string, location: string): string {
  if (!LOCATION.test(location)) throw new AppError("output_unavailable", "The file is gone.", { cause: location });
  return join(directory, location);
}

/** Removes what a crash left half-written. */
async function sweepHalves(folder: string, nowMs: number): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const found = await stat(path).catch(() => undefined);
    if (found && nowMs - found.mtimeMs > HALF_AGE_MS) await rm(path, { force: true });
  }
}

/** A full or broken disk is our fault, not the caller's. */
async function onDisk<Value>(work: Promise<Value>): Promise<Value> {
  try {
    return await work;
  } catch (cause) {
    throw new AppError("unavailable", "The file could not be stored; try again later.", { cause });
  }
}

/** Each write is a trip to another thread: chunks of a socket, 64 kB each, are gathered to this much. */
const WRITE_SIZE_BYTES = 512 * 1024;

async function writeAll(handle: FileHandle, chunks: readonly Uint8Array[]): Promise<void> {
  const { bytesWritten } = await handle.writev(chunks);
  // The rest of a short write; the next try says what is wrong with the disk.
  const sizeBytes = chunks.reduce((sum, { length }) => sum + length, 0);
  if (bytesWritten === sizeBytes) return;
  const rest = Buffer.concat(chunks).subarray(bytesWritten);
  for (let written = 0; written < rest.length; ) written += (await handle.write(rest, written)).bytesWritten;
}

/** Writes, counts and hashes in one pass. */
async function copy(body: AsyncIterable<Uint8Array>, handle: FileHandle, sizeBytesMax: number) {
  const hash = createHash("sha256");
  let sizeBytes = 0;
  let chunks: Uint8Array[] = [];
  let gatheredBytes = 0;
  for await (const chunk of body) {
    sizeBytes += chunk.length;
    if (sizeBytes > sizeBytesMax) {
      throw new AppError("payload_too_large", `The file is too large: expected at most ${sizeBytesMax} bytes.`);
    }
    hash.update(chunk);
    chunks.push(chunk);
    gatheredBytes += chunk.length;
    if (gatheredBytes < WRITE_SIZE_BYTES) continue;
    await onDisk(writeAll(handle, chunks));
    chunks = [];
    gatheredBytes = 0;
  }
  if (gatheredBytes > 0) await onDisk(writeAll(handle, chunks));
  return { sha256: hash.digest("hex"), sizeBytes };
}

export interface DiskBlobStoreOptions {
  readonly directory: string;
  /** Whether a stored blob survives a power cut. Default true; in vain where the database that names it does not. */
  readonly isSynced?: boolean;
  readonly nowMs?: () => number;
}

/** A reader of a link takes a file in pieces of this size. */
const READ_SIZE_BYTES = 256 * 1024;

/**
 * Keeps bytes in a folder, each blob under its hash. The folder is made, for this user alone.
 *
 * @example const blobs = await createDiskBlobStore({ directory: join(dataDirectory, "blobs") });
 */
export async function createDiskBlobStore(options: DiskBlobStoreOptions): Promise<BlobStore> {
  const { directory, isSynced = true, nowMs = Date.now } = options;
  const halves = join(directory, HALVES);
  await mkdir(halves, { recursive: true, mode: 0o700 });
  await sweepHalves(halves, nowMs());

  async function keep(half: string, { sha256, sizeBytes }: { sha256: string; sizeBytes: number }): Promise<StoredBlob> {
    const folder = sha256.slice(0, 2);
    const path = join(directory, folder, sha256);
    // Over an equal blob too: that heals one that was damaged, and readers of the old one keep it open.
    await rename(half, path).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOENT") throw error;
      // The first of its folder.
      await mkdir(join(directory, folder), { recursive: true, mode: 0o700 });
      await rename(half, path);
    });
    return { sha256, sizeBytes, location: `${folder}/${sha256}` };
  }

  return {
    async put(body, { sizeBytesMax, signal }) {
      const half = join(halves, randomUUID());
      const handle = await onDisk(open(half, "wx", 0o600));
      try {
        const written = await copy(untilAborted(body, signal), handle, sizeBytesMax);
        // A name that says what the bytes are must not outlive them: they reach the disk before it does.
        if (isSynced) await onDisk(handle.datasync());
        await handle.close();
        return await onDisk(keep(half, written));
      } catch (error) {
        await handle.close();
        await rm(half, { force: true });
        throw error;
      }
    },

    async open(location, { range, signal }) {
      const path = toPath(directory, location);
      signal.throwIfAborted();
      const handle = await open(path, "r").catch((cause: unknown) => {
        throw new AppError("output_unavailable", "The file is gone.", { cause });
      });
      const stream = handle.createReadStream({
        highWaterMark: READ_SIZE_BYTES,
        ...(range && { start: range.start, end: range.end }),
      });
      // Aborted before its reader has come it fails with nobody to hear it, which would end the process.
      stream.on("error", () => undefined);
      return addAbortSignal(signal, stream);
    },

    async delete(location) {
      await rm(toPath(directory, location), { force: true });
    },
  };
}
