import { close, constants, fdatasync, open, writev } from "node:fs";
import { promisify } from "node:util";

// Not FileHandles: each step of a small file is a trip to another thread, and a handle makes every one of them cost twice.
const steps = { open: promisify(open), fdatasync: promisify(fdatasync), close: promisify(close) };

const { O_WRONLY, O_CREAT, O_EXCL, O_DSYNC } = constants;
const FRESH = O_WRONLY | O_CREAT | O_EXCL;
/** On Linux a write can come back from the disk itself, as if fdatasync had followed: a trip less. */
const hasSyncedWrites = process.platform === "linux";

const write = (fd: number, chunks: readonly Uint8Array[]): Promise<number> =>
  new Promise((resolve, reject) => {
    writev(fd, chunks, null, (error, written) => (error ? reject(error) : resolve(written)));
  });

/** A file that is being written and that nobody else knows of yet. */
export interface Half {
  write(chunks: readonly Uint8Array[]): Promise<void>;
  /** What was written has reached the disk, if that was asked for. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

export interface HalfOptions {
  readonly isSynced: boolean;
  /** All of it comes with one write. */
  readonly isSmall: boolean;
}

/** Creates the file, for this user alone. */
export async function createHalf(path: string, { isSynced, isSmall }: HalfOptions): Promise<Half> {
  const syncsItself = isSynced && isSmall && hasSyncedWrites;
  const fd = await steps.open(path, syncsItself ? FRESH | O_DSYNC : FRESH, 0o600);
  let isOpen = true;
  return {
    async write(chunks) {
      const sizeBytes = chunks.reduce((sum, { length }) => sum + length, 0);
      let written = await write(fd, chunks);
      if (written === sizeBytes) return;
      // The rest of a short write; the next try says what is wrong with the disk.
      const whole = Buffer.concat(chunks);
      while (written < sizeBytes) written += await write(fd, [whole.subarray(written)]);
    },
    async sync() {
      if (isSynced && !syncsItself) await steps.fdatasync(fd);
    },
    async close() {
      if (!isOpen) return;
      isOpen = false;
      await steps.close(fd);
    },
  };
}
