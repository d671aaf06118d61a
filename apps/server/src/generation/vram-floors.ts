import type { Clock } from "../clock.ts";
import type { BackendHealth } from "./backend-health.ts";

/** How long a backend is spared what it had no room for. What else it holds changes, and another job may ask for a smaller picture. */
const REMEMBER_MS = 10 * 60_000;

/**
 * How much VRAM renders turned out to need. No table says it, because it depends on the model, the size of the picture and how the backend
 * computes attention: that a device of a known size ran out is the only sourced number.
 */
export interface VramFloors {
  /** The backend ran out of memory while it rendered this. */
  note(what: string, backendId: string): void;
  /** Whether a device of this size, or a larger one, ran out of memory lately. */
  isTooSmall(what: string, backendId: string): boolean;
}

export interface VramFloorsDeps {
  readonly health: Pick<BackendHealth, "status">;
  readonly clock: Pick<Clock, "monotonicMs">;
}

export function createVramFloors({ health, clock }: VramFloorsDeps): VramFloors {
  const floors = new Map<string, { readonly vramBytes: number; readonly atMs: number }>();
  const vramOf = (backendId: string) => health.status(backendId)?.vramTotalBytes;

  function floorOf(what: string): number {
    const known = floors.get(what);
    if (known === undefined) return 0;
    if (clock.monotonicMs() - known.atMs < REMEMBER_MS) return known.vramBytes;
    floors.delete(what);
    return 0;
  }

  return {
    note(what, backendId) {
      const vramBytes = vramOf(backendId);
      if (vramBytes === undefined) return;
      floors.set(what, { vramBytes: Math.max(vramBytes, floorOf(what)), atMs: clock.monotonicMs() });
    },
    isTooSmall(what, backendId) {
      const vramBytes = vramOf(backendId);
      return vramBytes !== undefined && vramBytes <= floorOf(what);
    },
  };
}
