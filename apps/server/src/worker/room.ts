import type { BackendPool } from "../generation/backend-pool.ts";
import type { ActiveRuns } from "./active-runs.ts";

export interface RoomDeps {
  readonly pool: Pick<BackendPool, "room" | "slotCount">;
  readonly runs: Pick<ActiveRuns, "count" | "nearlyDone">;
  /** No other backend could take a job sooner. */
  readonly isOnlyBackend: boolean;
}

/**
 * Outputs for each slot that may wait for the store at once: while it is down, each lies on the disk of this machine, and a render is worth
 * nothing before its bytes have a place.
 */
const COLLECTING_PER_SLOT = 4;

/** How many more jobs this process can put to use now. */
export interface Room {
  count(): number;
  /** Keeps a place; the returned function gives it up, once, and says whether it did. */
  reserve(): () => boolean;
  /** As many jobs as were asked for: then more wait, and all backends are as busy as this process's. */
  noteClaim(asked: number, got: number): void;
}

/**
 * A job is taken when there is a backend for it, not before: until then any process may take it. A place behind a running render is filled
 * when that one is nearly done, or when no other backend could take the job sooner.
 */
export function createRoom({ pool, runs, isOnlyBackend }: RoomDeps): Room {
  let reserved = 0;
  let hasBacklog = false;
  return {
    count() {
      const { free, ahead } = pool.room();
      const useful = isOnlyBackend || hasBacklog ? ahead : Math.min(ahead, runs.nearlyDone());
      const uncollected = COLLECTING_PER_SLOT * pool.slotCount - runs.count("collecting");
      return Math.min(free + useful, uncollected) - runs.count("preparing") - reserved;
    },
    reserve() {
      reserved += 1;
      let isOpen = true;
      return () => {
        if (!isOpen) return false;
        isOpen = false;
        reserved -= 1;
        return true;
      };
    },
    noteClaim(asked, got) {
      hasBacklog = got === asked;
    },
  };
}
