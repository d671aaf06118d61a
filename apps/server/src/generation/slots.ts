/** A job that waits for a free place on one of some backends. */
interface Waiter {
  readonly ticket: number;
  readonly backendIds: ReadonlySet<string>;
  readonly take: (backendId: string) => void;
}

/** Who renders where: so many places on each backend, first come first served among those who can use one. */
export interface Slots {
  /** Takes a place at once, on the backend that has most room of those named; undefined when none has any. */
  take(backendIds: readonly string[]): string | undefined;
  /**
   * Waits for a place on one of these backends, no longer than `waitMs`; undefined then. Rejects with the reason of `signal`.
   * @param ticket the place in line, from {@link Slots.draw}; kept over several waits
   */
  wait(ticket: number, backendIds: readonly string[], waitMs: number, signal: AbortSignal): Promise<string | undefined>;
  draw(): number;
  release(backendId: string): void;
}

export function createSlots(backendIds: readonly string[], slotsPerBackend: number): Slots {
  const free = new Map(backendIds.map((id) => [id, slotsPerBackend]));
  const waiters = new Set<Waiter>();
  let tickets = 0;

  const roomOf = (id: string): number => free.get(id) ?? 0;

  function change(id: string, by: number): void {
    free.set(id, roomOf(id) + by);
  }

  return {
    take(ids) {
      const [best] = ids.filter((id) => roomOf(id) > 0).toSorted((left, right) => roomOf(right) - roomOf(left));
      if (best !== undefined) change(best, -1);
      return best;
    },
    draw: () => tickets++,
    wait(ticket, ids, waitMs, signal) {
      signal.throwIfAborted();
      return new Promise((resolve, reject) => {
        const leave = () => {
          clearTimeout(timer);
          signal.removeEventListener("abort", onAbort);
          waiters.delete(waiter);
        };
        const onAbort = () => {
          leave();
          reject(signal.reason);
        };
        const timer = setTimeout(() => {
          leave();
          resolve(undefined);
        }, waitMs);
        const take = (id: string) => {
          leave();
          resolve(id);
        };
        const waiter: Waiter = { ticket, backendIds: new Set(ids), take };
        signal.addEventListener("abort", onAbort, { once: true });
        waiters.add(waiter);
      });
    },
    release(id) {
      const able = [...waiters].filter((waiter) => waiter.backendIds.has(id));
      const [first] = able.toSorted((left, right) => left.ticket - right.ticket);
      // Handed over directly, so that nobody who comes later can take it in between.
      if (first) first.take(id);
      else change(id, 1);
    },
  };
}
