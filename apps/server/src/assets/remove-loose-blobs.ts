import { toAppError } from "../errors.ts";
import type { Log } from "../log.ts";
import type { BlobStore } from "./blob-store.ts";
import type { LocalRemains } from "./local-remains.ts";
import type { LooseBlob, StorageRecords } from "./storage-records.ts";

export interface RemoveLooseDeps {
  readonly records: Pick<StorageRecords, "claimLoose" | "reclaim" | "settle" | "release" | "unclaim">;
  readonly blobs: Pick<BlobStore, "delete">;
  readonly local?: Pick<LocalRemains, "deleteStale"> | undefined;
  readonly log: Log;
  readonly monotonicMs: () => number;
  /** How long bytes that nobody refers to are kept, in milliseconds. */
  readonly looseAgeMs: number;
}

/** Rows that are looked at in one statement. */
const PAGE = 1_000;
/** What one minute deletes when the store takes seven seconds for each: until it is deleted nobody can store the same bytes again. */
const CLAIM_MAX = 64;
const AT_ONCE = 8;
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

  async function remove({ sha256, locations }: LooseBlob): Promise<"removed" | "kept" | "unreachable"> {
    try {
      const gone = await Promise.all(locations.map(removeFrom));
      const isGone = !gone.includes(false);
      await (isGone ? records.settle(sha256) : records.release(sha256));
      return isGone ? "removed" : "kept";
    } catch (error) {
      // It stays claimed, and is claimed again later.
      log.warn({ sha256, error }, "Bytes that nobody needs could not be removed yet.");
      return toAppError(error).code === "unavailable" ? "unreachable" : "kept";
    }
  }

  /** Stops at the first sign that the store does not answer: what else is claimed then waits in vain. */
  async function removeAll(claimed: readonly LooseBlob[], signal: AbortSignal) {
    const sinceMs = monotonicMs();
    let deleted = 0;
    for (let at = 0; at < claimed.length; at += AT_ONCE) {
      if (signal.aborted || monotonicMs() - sinceMs > CLAIM_GOOD_MS) return { deleted, left: claimed.slice(at) };
      const outcomes = await Promise.all(claimed.slice(at, at + AT_ONCE).map(remove));
      deleted += outcomes.filter((outcome) => outcome === "removed").length;
      if (outcomes.includes("unreachable")) return { deleted, left: claimed.slice(at + AT_ONCE), isCut: true };
    }
    return { deleted, left: [] };
  }

  /** What others left. Somebody may have begun to delete it: all that is not removed now stays claimed. */
  async function removeStuck(signal: AbortSignal) {
    let deleted = 0;
    for (;;) {
      const claimed = await records.reclaim({ ageMs: CLAIM_STUCK_MS, count: CLAIM_MAX });
      const { left, isCut = left.length > 0, ...done } = await removeAll(claimed, signal);
      deleted += done.deleted;
      if (isCut || claimed.length < CLAIM_MAX) return { deleted, isCut };
    }
  }

  return async function removeLoose(signal: AbortSignal): Promise<number> {
    let { deleted, isCut } = await removeStuck(signal);
    for (let cursor: string | undefined; !isCut && !signal.aborted; ) {
      const claim = { ageMs: looseAgeMs, count: PAGE, claimMax: CLAIM_MAX, ...(cursor && { cursor }) };
      const claimedMs = monotonicMs();
      const page = await records.claimLoose(claim);
      const { left, isCut: isOut = left.length > 0, ...done } = await removeAll(page.blobs, signal);
      deleted += done.deleted;
      // Later it may be another's claim.
      if (left.length > 0 && monotonicMs() - claimedMs < CLAIM_STUCK_MS / 2)
        await records.unclaim(
          left.map(({ sha256 }) => sha256),
          looseAgeMs,
        );
      ({ cursor } = page);
      isCut = isOut || cursor === undefined;
    }
    return deleted;
  };
}
