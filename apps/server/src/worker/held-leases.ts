import type { Clock } from "../clock.ts";
import type { HeldBackend } from "../generation/backend-leases.ts";
import type { OwnedLease } from "../generation/ownership.ts";
import type { Log } from "../log.ts";

/** The leases of backends that this process believes it has. */
export interface HeldLeases {
  lease(backendId: string): OwnedLease | undefined;
  list(): readonly { readonly backendId: string; readonly isSurplus: boolean }[];
  /**
   * Takes in what the database answered: prolongs, adds and loses. True when something came or went.
   * @param endsAtMs in monotonic time, counted from before the database was asked: it may only be too early
   */
  update(now: readonly HeldBackend[], endsAtMs: number): boolean;
  /** Whatever follows these backends lets go of them. */
  loseAll(reason: string): void;
}

export interface HeldLeasesDeps {
  readonly holder: string;
  readonly clock: Clock;
  readonly log: Log;
  /** A lease ran out before it was prolonged. */
  readonly onLapse: () => void;
}

interface Held {
  readonly lease: OwnedLease;
  readonly losing: AbortController;
  /** Due to another process: it gets no new work, and is given back when nothing of ours is on it. */
  readonly isSurplus: boolean;
  readonly endsAtMs: number;
  readonly timer: NodeJS.Timeout;
}

export function createHeldLeases({ holder, clock, log, onLapse }: HeldLeasesDeps): HeldLeases {
  const held = new Map<string, Held>();

  function lose(backendId: string, reason: string): boolean {
    const entry = held.get(backendId);
    if (entry === undefined) return false;
    held.delete(backendId);
    clearTimeout(entry.timer);
    log.info({ backendId, reason }, "This process does not own the backend any more.");
    entry.losing.abort(new Error(reason));
    return true;
  }

  function hold({ backendId, epoch, ...backend }: HeldBackend, endsAtMs: number): boolean {
    const isSurplus = backend.isSurplus ?? false;
    const before = held.get(backendId);
    const isNew = before?.lease.epoch !== epoch;
    if (isNew) lose(backendId, "It changed hands.");
    else clearTimeout(before.timer);
    const losing = isNew ? new AbortController() : before.losing;
    const lease = isNew ? { holder, epoch, lost: losing.signal } : before.lease;
    const lapse = () => {
      if (lose(backendId, "The lease was not prolonged in time.")) onLapse();
    };
    const timer = setTimeout(lapse, Math.max(0, endsAtMs - clock.monotonicMs())).unref();
    held.set(backendId, { lease, losing, isSurplus, endsAtMs, timer });
    if (isNew) log.info({ backendId, epoch }, "This process owns the backend now.");
    return isNew || before.isSurplus !== isSurplus;
  }

  // A process that was frozen is asked before its timers have run.
  const isLive = ({ endsAtMs }: Held) => clock.monotonicMs() < endsAtMs;

  return {
    lease(backendId) {
      const entry = held.get(backendId);
      return entry && isLive(entry) ? entry.lease : undefined;
    },
    list: () =>
      [...held].flatMap(([backendId, entry]) => (isLive(entry) ? [{ backendId, isSurplus: entry.isSurplus }] : [])),
    update(now, endsAtMs) {
      const kept = new Set(now.map(({ backendId }) => backendId));
      const gone = [...held.keys()].filter((id) => !kept.has(id));
      const lost = gone.map((id) => lose(id, "It was given back, or taken over."));
      const changes = now.map((backend) => hold(backend, endsAtMs));
      return [...lost, ...changes].includes(true);
    },
    loseAll(reason) {
      for (const id of [...held.keys()]) lose(id, reason);
    },
  };
}
