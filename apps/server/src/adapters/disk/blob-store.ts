import { randomUUID } from "node:crypto";
import { mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { addAbortSignal } from "node:stream";
import type { StoredBlob } from "../../assets/asset.ts";
import type { BlobStore } from "../../assets/blob-store.ts";
import { untilAborted } from "../../assets/until-aborted.ts";
import { AppError } from "../../errors.ts";
import { freeMemory } from "./free-memory.ts";
import { createIntake, type Intake, type Part } from "./intake.ts";
import { createRecentBlobs } from "./recent-blobs.ts";
import { createNameSync } from "./sync-folder.ts";
import { createHalf } from "./write-half.ts";

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

type Facts = Pick<StoredBlob, "sha256" | "sizeBytes">;

/** Gives a file that is whole the name of its bytes. */
async function keep(directory: string, half: string, { sha256, sizeBytes }: Facts): Promise<StoredBlob> {
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

export interface DiskBlobStoreOptions {
  readonly directory: string;
  /** Whether a stored blob survives a power cut. Default true; in vain where the database that names it does not. */
  readonly isSynced?: boolean;
  /** Brings the names in a folder to the disk. */
  readonly syncFolder?: (folder: string) => Promise<void>;
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
  const recent = createRecentBlobs();
  const syncNames = createNameSync(directory, options.syncFolder);

  async function write(path: string, intake: Intake, first: Part, isHandedOver: boolean): Promise<StoredBlob> {
    const half = await onDisk(createHalf(path, { isSynced, isSmall: first.isLast }));
    try {
      for (let part = first; ; part = await intake.gather()) {
        // One thread writes while this one hashes.
        await Promise.all([onDisk(half.write(part.chunks)), intake.hash(part.chunks)]);
        // A small blob, which is one part, stays in memory.
        if (isHandedOver && !first.isLast) part.chunks.forEach(freeMemory);
        if (part.isLast) break;
      }
      // A name that says what the bytes are must not outlive them: they reach the disk before it does.
      await onDisk(half.sync());
      await onDisk(half.close());
      const stored = await onDisk(keep(directory, path, intake.finish()));
      // Nor may a row that names it, perhaps on another machine, be on the disk before that name is.
      if (isSynced) await onDisk(syncNames(stored.location.slice(0, 2)));
      return stored;
    } catch (error) {
      await half.close();
      await rm(path, { force: true });
      throw error;
    }
  }

  return {
    async put(body, { sizeBytesMax, signal, isHandedOver = false }) {
      const intake = createIntake(untilAborted(body, signal), sizeBytesMax);
      try {
        const first = await intake.gather();
        const stored = await write(join(halves, randomUUID()), intake, first, isHandedOver);
        const [sole] = first.chunks;
        if (isHandedOver && first.isLast && first.chunks.length === 1 && sole) recent.keep(stored.location, sole);
        return stored;
      } finally {
        await intake.close();
      }
    },

    borrow: recent.borrow,

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
      const path = toPath(directory, location);
      recent.drop(location);
      await rm(path, { force: true });
    },
  };
}
