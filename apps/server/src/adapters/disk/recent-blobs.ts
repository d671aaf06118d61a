import type { BorrowedBytes } from "../../assets/blob-store.ts";
import { freeMemory } from "./free-memory.ts";

/** Larger blobs are read from the disk. */
const BLOB_BYTES_MAX = 4 * 1024 * 1024;
const TOTAL_BYTES_MAX = 32 * 1024 * 1024;

/** The newest small blobs, in memory: nearly every output is fetched once, right after it was made. */
export interface RecentBlobs {
  borrow(location: string): BorrowedBytes | undefined;
  /** Takes the bytes over: nobody else may use them afterwards. */
  keep(location: string, bytes: Uint8Array): void;
  drop(location: string): void;
}

interface Entry {
  readonly bytes: Uint8Array;
  borrowers: number;
  isDropped: boolean;
}

function freeUnused({ bytes, borrowers, isDropped }: Entry): void {
  if (isDropped && borrowers === 0) freeMemory(bytes);
}

export function createRecentBlobs(totalBytesMax = TOTAL_BYTES_MAX): RecentBlobs {
  const entries = new Map<string, Entry>();
  let totalBytes = 0;

  function drop(location: string): void {
    const entry = entries.get(location);
    if (!entry) return;
    entries.delete(location);
    totalBytes -= entry.bytes.byteLength;
    entry.isDropped = true;
    freeUnused(entry);
  }

  return {
    drop,

    borrow(location) {
      const entry = entries.get(location);
      if (!entry) return undefined;
      entry.borrowers += 1;
      let isBack = false;
      const giveBack = () => {
        if (isBack) return;
        isBack = true;
        entry.borrowers -= 1;
        freeUnused(entry);
      };
      return { bytes: entry.bytes, giveBack };
    },

    keep(location, bytes) {
      // A piece of something larger would keep all of it alive.
      const isWhole = bytes.byteLength === bytes.buffer.byteLength;
      if (!isWhole || bytes.byteLength > Math.min(BLOB_BYTES_MAX, totalBytesMax)) return;
      drop(location);
      entries.set(location, { bytes, borrowers: 0, isDropped: false });
      totalBytes += bytes.byteLength;
      for (const oldest of entries.keys()) {
        if (totalBytes <= totalBytesMax) return;
        drop(oldest);
      }
    },
  };
}
