import type { Ownership } from "../generation/ownership.ts";
import type { ClaimedJob, JobStore } from "../jobs/job-store.ts";
import type { Log } from "../log.ts";
import { createLoop, type Loop } from "./loop.ts";
import type { Room } from "./room.ts";
import type { Unfit } from "./unfit.ts";

const CLAIM_EVERY_MS = 1_000;
const INHERITED_AT_ONCE = 20;

export interface ClaimsDeps {
  readonly jobs: Pick<JobStore, "claim">;
  readonly ownership: Pick<Ownership, "owned">;
  /** Every backend of the deployment. */
  readonly configured: readonly string[];
  readonly holder: string;
  readonly leaseMs: number;
  readonly unfit: Unfit;
  readonly room: Pick<Room, "count" | "noteClaim">;
  readonly begin: (claimed: ClaimedJob) => void;
  readonly log: Log;
}

/** Takes jobs: new ones while there is room, and those that a vanished process left on backends that are ours by now. */
export interface Claims extends Loop {
  /** There may be room now: looks, unless the last look found that nothing waits. */
  noteRoom(): void;
  /** A backend changed hands: what is on it may be ours to go on with. */
  knockForInheritance(): void;
}

export function createClaims(deps: ClaimsDeps): Claims {
  const { jobs, ownership, configured, holder, leaseMs, log } = deps;
  const claiming = createLoop({ name: "claim", everyMs: CLAIM_EVERY_MS, log, run: claim });
  const inheriting = createLoop({ name: "inheritance", everyMs: CLAIM_EVERY_MS, log, run: inherit });

  // A job goes through several stages a second, and each look costs the database a few statements.
  let isPromising = true;

  async function claim(): Promise<boolean> {
    const count = deps.room.count();
    isPromising = true;
    if (count <= 0) return false;
    const backends = { owned: ownership.owned(), configured };
    const claimed = await jobs.claim({ holder, count, leaseMs, backends, unfit: deps.unfit.words() });
    deps.room.noteClaim(count, claimed.length);
    isPromising = claimed.length === count;
    claimed.forEach(deps.begin);
    return isPromising;
  }

  /** Prompts that an earlier process left on a backend need no room: they are there already, or their backend is away. */
  async function inherit(): Promise<boolean> {
    const owned = ownership.owned();
    if (owned.length === 0) return false;
    const backends = { owned, configured };
    const claimed = await jobs.claim({ holder, count: INHERITED_AT_ONCE, leaseMs, backends, isInheritance: true });
    claimed.forEach(deps.begin);
    return claimed.length === INHERITED_AT_ONCE;
  }

  return {
    knock: claiming.knock,
    noteRoom() {
      if (isPromising) claiming.knock();
    },
    knockForInheritance: inheriting.knock,
    start() {
      // What was promised earlier comes first.
      inheriting.start();
      claiming.start();
    },
    stop: async () => void (await Promise.all([claiming.stop(), inheriting.stop()])),
  };
}
