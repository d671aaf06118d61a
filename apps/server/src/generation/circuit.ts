import type { Clock } from "../clock.ts";
import type { Arrival } from "./observed-backend.ts";

/** So many submissions in a row that never arrived open the circuit. */
const FAILURES_MAX = 2;
const REST_MS = { first: 5_000, most: 60_000 };

/**
 * Keeps jobs from a backend that answers questions but takes no prompts. After a rest one job may try; if it gets through, all may.
 */
export interface Circuit {
  /** Whether a job may be sent there now. */
  isClosed(backendId: string): boolean;
  /** To be called when a job is given to it: after a rest that one is the probe, and others wait for it. */
  enter(backendId: string): void;
  /** What became of it. */
  leave(backendId: string, arrival: Arrival): void;
}

interface Fuse {
  failures: number;
  restMs: number;
  /** When one may try again; undefined while all may. */
  opensAtMs: number | undefined;
  isProbing: boolean;
}

export function createCircuit(clock: Pick<Clock, "monotonicMs">, random: () => number = Math.random): Circuit {
  const fuses = new Map<string, Fuse>();

  function fuseOf(id: string): Fuse {
    const known = fuses.get(id);
    if (known) return known;
    const made: Fuse = { failures: 0, restMs: REST_MS.first, opensAtMs: undefined, isProbing: false };
    fuses.set(id, made);
    return made;
  }

  function blow(fuse: Fuse): void {
    // A part of the rest is chance, so that several processes do not try in the same moment.
    fuse.opensAtMs = clock.monotonicMs() + fuse.restMs * (0.75 + random() / 2);
    fuse.restMs = Math.min(fuse.restMs * 2, REST_MS.most);
  }

  return {
    isClosed(id) {
      const { opensAtMs, isProbing } = fuseOf(id);
      return opensAtMs === undefined || (!isProbing && clock.monotonicMs() >= opensAtMs);
    },
    enter(id) {
      const fuse = fuseOf(id);
      if (fuse.opensAtMs !== undefined) fuse.isProbing = true;
    },
    leave(id, arrival) {
      const fuse = fuseOf(id);
      fuse.isProbing = false;
      if (arrival === "arrived") fuses.delete(id);
      if (arrival !== "failed") return;
      fuse.failures += 1;
      if (fuse.failures >= FAILURES_MAX) blow(fuse);
    },
  };
}
