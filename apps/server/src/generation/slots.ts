/** A job that waits for a free place on one of some backends. */
interface Waiter {
  readonly ticket: number;
  readonly wish: Wish;
  readonly take: (place: Place) => void;
}

/** What a job can use. */
export interface Wish {
  /** In order of preference. */
  readonly backendIds: readonly string[];
  /** Whether a place behind a running render will do. */
  readonly isAheadAllowed: boolean;
}

export interface Place {
  readonly backendId: string;
  readonly isAhead: boolean;
}

/** Who renders where: so many places on each backend, and one behind them, first come first served among those who can use one. */
export interface Slots {
  /** Takes a place at once, on the first backend that has one; one behind a running render only when no other is free. */
  take(wish: Wish): Place | undefined;
  /**
   * Waits for a place, no longer than `waitMs`; undefined then. Rejects with the reason of `signal`.
   * @param ticket the place in line, from {@link Slots.draw}; kept over several waits
   */
  wait(ticket: number, wish: Wish, waitMs: number, signal: AbortSignal): Promise<Place | undefined>;
  draw(): number;
  /** Takes a place for what is on the backend already, though there be none. */
  hold(backendId: string): void;
  release(backendId: string): void;
  /** Renders that the backend was given and that have not ended. */
  heldOf(backendId: string): number;
  room(backendId: string): { readonly free: number; readonly ahead: number };
}

/** Prompts that wait in a backend's own queue so that it never idles between two renders. */
const AHEAD_MAX = 1;

export function createSlots(backends: readonly { readonly id: string; readonly slots: number }[]): Slots {
  const sizes = new Map(backends.map(({ id, slots }) => [id, slots]));
  const held = new Map(backends.map(({ id }) => [id, 0]));
  const waiters = new Set<Waiter>();
  let tickets = 0;

  const heldOf = (id: string): number => held.get(id) ?? 0;
  const freeOf = (id: string): number => Math.max(0, (sizes.get(id) ?? 0) - heldOf(id));

  function aheadOf(id: string): number {
    const size = sizes.get(id) ?? 0;
    if (size === 0) return 0;
    // Else a job that must not wait there would watch others pass for ever.
    const isWanted = [...waiters].some(({ wish }) => !wish.isAheadAllowed && wish.backendIds.includes(id));
    return isWanted ? 0 : Math.min(AHEAD_MAX, Math.max(0, size + AHEAD_MAX - heldOf(id)));
  }

  function occupy(place: Place): Place {
    held.set(place.backendId, heldOf(place.backendId) + 1);
    return place;
  }

  function find({ backendIds, isAheadAllowed }: Wish): Place | undefined {
    const free = backendIds.find((id) => freeOf(id) > 0);
    if (free !== undefined) return { backendId: free, isAhead: false };
    const ahead = isAheadAllowed ? backendIds.find((id) => aheadOf(id) > 0) : undefined;
    return ahead === undefined ? undefined : { backendId: ahead, isAhead: true };
  }

  /** Hands places over directly, so that nobody who comes later can take one in between. */
  function serve(): void {
    for (const waiter of [...waiters].toSorted((left, right) => left.ticket - right.ticket)) {
      const place = find(waiter.wish);
      if (place) waiter.take(occupy(place));
    }
  }

  return {
    heldOf,
    room: (id) => ({ free: freeOf(id), ahead: aheadOf(id) }),
    take(wish) {
      const place = find(wish);
      return place && occupy(place);
    },
    draw: () => tickets++,
    hold: (id) => void held.set(id, heldOf(id) + 1),
    wait: (ticket, wish, waitMs, signal) => standInLine(waiters, { ticket, wish }, waitMs, signal),
    release(id) {
      held.set(id, Math.max(0, heldOf(id) - 1));
      serve();
    },
  };
}

/** Until a place is handed over, the time is up (undefined), or the signal aborts (its reason is thrown). */
function standInLine(
  waiters: Set<Waiter>,
  { ticket, wish }: Omit<Waiter, "take">,
  waitMs: number,
  signal: AbortSignal,
): Promise<Place | undefined> {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const leave = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      waiters.delete(waiter);
    };
    const take = (place: Place | undefined) => {
      leave();
      resolve(place);
    };
    const onAbort = () => {
      leave();
      reject(signal.reason);
    };
    const timer = setTimeout(() => take(undefined), waitMs);
    const waiter: Waiter = { ticket, wish, take };
    signal.addEventListener("abort", onAbort, { once: true });
    waiters.add(waiter);
  });
}
