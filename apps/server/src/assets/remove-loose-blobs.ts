import type { Log } from "../log.ts";
import type { BlobStore } from "./blob-store.ts";
import type { LocalRemains } from "./local-remains.ts";
import type { LooseBlob, StorageRecords } from "./storage-records.ts";

export interface RemoveLooseDeps {
  readonly records: Pick<StorageRecords, "claimLoose" | "reclaim" | "settle" | "release">;
  readonly blobs: Pick<BlobStore, "delete">;
  readonly local?: Pick<LocalRemains, "deleteStale"> | undefined;
  readonly log: Log;
  readonly monotonicMs: () => number;
  /** How long bytes that nobody refers to are kept, in milliseconds. */
  readonly looseAgeMs: number;
}

const PAGE = 1_000;
/** A claim that is older may be another's by now: nothing is deleted on the strength of it. */
const CLAIM_GOOD_MS = 120_000;
const CLAIM_STUCK_MS = 600_000;

/** Removes blobs that nobody refers to: claimed in the database first, then deleted, then forgotten. @returns how many */
export function createRemoveLoose(deps: RemoveLooseDeps) {
  const { records, blobs, local, log, monotonicMs, looseAgeMs } = deps;

  /** @returns whether it is gone: not when somebody stored it again */
  async function removeFrom(location: string): Promise<boolean> {
    if (location.includes(":")) {
      await blobs.delete(location);
      return true;
    }
    // Another machine's file, or one of a folder that is not ours, stays where it is.
    return (await local?.deleteStale(location, looseAgeMs)) ?? true;
  }

  async function remove({ sha256, locations }: LooseBlob): Promise<boolean> {
    try {
      const gone = await Promise.all(locations.map(removeFrom));
      const isGone = !gone.includes(false);
      await (isGone ? records.settle(sha256) : records.release(sha256));
      return isGone;
    } catch (error) {
      // It stays claimed, and is claimed again later.
      log.warn({ sha256, error }, "Bytes that nobody needs could not be removed yet.");
      return false;
    }
  }

  async function removeAll(claimed: readonly LooseBlob[], signal: AbortSignal, sinceMs: number): Promise<number> {
    let deleted = 0;
    for (const blob of claimed) {
      if (signal.aborted || monotonicMs() - sinceMs > CLAIM_GOOD_MS) break;
      if (await remove(blob)) deleted += 1;
    }
    return deleted;
  }

  return async function removeLoose(signal: AbortSignal): Promise<number> {
    let sinceMs = monotonicMs();
    let deleted = await removeAll(await records.reclaim({ ageMs: CLAIM_STUCK_MS, count: PAGE }), signal, sinceMs);
    let cursor: string | undefined;
    do {
      sinceMs = monotonicMs();
      const page = await records.claimLoose({ ageMs: looseAgeMs, count: PAGE, ...(cursor && { cursor }) });
      deleted += await removeAll(page.blobs, signal, sinceMs);
      cursor = page.cursor;
    } while (cursor !== undefined && !signal.aborted);
    return deleted;
  };
}
