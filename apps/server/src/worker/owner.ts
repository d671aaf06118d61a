import type { Clock } from "../clock.ts";
import type { BackendLeases, HeldBackend } from "../generation/backend-leases.ts";
import type { Ownership } from "../generation/ownership.ts";
import type { LifecyclePart } from "../lifecycle.ts";
import type { Log } from "../log.ts";
import { createHeldLeases } from "./held-leases.ts";
import { createLoop } from "./loop.ts";

export interface OwnerDeps {
  readonly leases: BackendLeases;
  /** Every backend of the deployment. */
  readonly configured: readonly string[];
  /** Names this process in leases. */
  readonly holder: string;
  readonly leaseMs: number;
  readonly clock: Clock;
  readonly log: Log;
  /** True when this process is the only one: then leases found at the start belong to the dead. */
  readonly isAlone: boolean;
  /** Whether a prompt of ours is on that backend: then it is not given away. */
  readonly isBusy: (backendId: string) => boolean;
}

export interface Owner extends Ownership, LifecyclePart {
  /** Calls back when a backend came or went. */
  onChange(listener: () => void): void;
  /** A backend may have become idle: what is more than the fair share is given back then. */
  noteIdle(): void;
}

/** Holds this process's fair share of the backends, prolongs the leases in time, and lets go of what it may have lost. */
export function createOwner(deps: OwnerDeps): Owner {
  const { leases, configured, holder, leaseMs, clock, log } = deps;
  const listeners = new Set<() => void>();
  const tell = () => {
    for (const listener of listeners) listener();
  };
  const held = createHeldLeases({ holder, clock, log, onLapse: tell });
  const loop = createLoop({ name: "owner", everyMs: leaseMs / 3, log, run: renew });
  let isRetired = false;
  let isFirst = true;

  async function renew(): Promise<boolean> {
    const endsAtMs = clock.monotonicMs() + leaseMs;
    if (held.update(await ask(), endsAtMs)) tell();
    return false;
  }

  async function ask(): Promise<readonly HeldBackend[]> {
    const what = { holder, configured, leaseMs };
    const now =
      isFirst && deps.isAlone
        ? await leases.takeAll(what)
        : await leases.hold({ ...what, release: findSpare(), ...(isRetired && { capacity: 0 }) });
    isFirst = false;
    return now;
  }

  function findSpare(): string[] {
    const spare = held.list().filter(({ isSurplus }) => isSurplus || isRetired);
    return spare.flatMap(({ backendId }) => (deps.isBusy(backendId) ? [] : [backendId]));
  }

  return {
    name: "owner",
    owned: () => (isRetired ? [] : held.list().flatMap(({ backendId, isSurplus }) => (isSurplus ? [] : [backendId]))),
    lease: held.lease,
    onChange: (listener) => void listeners.add(listener),
    noteIdle() {
      if (findSpare().length > 0) loop.knock();
    },
    async start() {
      // Nothing can be claimed without a backend; when the database is away the loop goes on trying.
      await renew().catch((error: unknown) => log.error({ error }, "The first leases of backends could not be had."));
      loop.start();
    },
    /** Takes no more backends, and gives back those that are idle: another process may use them while this one drains. */
    quiesce() {
      isRetired = true;
      loop.knock();
    },
    async stop() {
      await loop.stop();
      held.loseAll("The service is stopping.");
      await leases.letGo(holder);
    },
  };
}
