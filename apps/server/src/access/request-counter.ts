import type { Clock } from "../clock.ts";
import type { Caller } from "./caller.ts";
import type { LimitRequest } from "./limit-request.ts";

/** Requests of one key on one day, UTC. */
export interface RequestCount {
  readonly day: string;
  readonly ownerId: string;
  readonly keyId: string;
  readonly count: number;
}

/** Where counted requests are kept. */
export interface RequestCounts {
  /** Adds the `n`th hand-over of a process. One that was added before changes nothing, so it may be repeated until it is answered. */
  add(holder: string, n: number, counts: readonly RequestCount[]): Promise<void>;
}

/** Counts requests in memory, and hands them over from time to time: a write for each of them would cost more than many of them do. */
export interface RequestCounter {
  count(caller: Pick<Caller, "ownerId" | "keyId">): void;
  /** Hands over what was counted since the last time. What cannot be handed over now is kept for the next time. */
  flush(): Promise<void>;
}

export interface RequestCounterDeps {
  readonly counts: RequestCounts;
  readonly clock: Clock;
  /** Unique to this run of this process. */
  readonly holder: string;
}

export function createRequestCounter({ counts, clock, holder }: RequestCounterDeps): RequestCounter {
  let counted = new Map<string, RequestCount>();
  /** Handed over but not answered: repeated under the same number until it is. */
  let owed: readonly RequestCount[] = [];
  let n = 1;
  let flushing: Promise<void> = Promise.resolve();

  async function flush(): Promise<void> {
    if (owed.length === 0) {
      owed = [...counted.values()];
      counted = new Map();
    }
    if (owed.length === 0) return;
    await counts.add(holder, n, owed);
    owed = [];
    n += 1;
  }

  return {
    count({ ownerId, keyId }) {
      const day = new Date(clock.nowMs()).toISOString().slice(0, 10);
      const key = JSON.stringify([day, ownerId, keyId]);
      counted.set(key, { day, ownerId, keyId, count: (counted.get(key)?.count ?? 0) + 1 });
    },
    flush() {
      // One at a time: two would send one hand-over under two numbers.
      flushing = flushing.catch(() => undefined).then(flush);
      return flushing;
    },
  };
}

/** Counts the requests that are let through. */
export function withCountedRequests(
  limitRequest: LimitRequest,
  { count }: Pick<RequestCounter, "count">,
): LimitRequest {
  return async (caller, bucket) => {
    const spent = await limitRequest(caller, bucket);
    count(caller);
    return spent;
  };
}
