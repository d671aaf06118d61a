import type { DeliverCallbacks } from "../jobs/deliver-callbacks.ts";
import type { LifecyclePart } from "../lifecycle.ts";
import type { Log } from "../log.ts";
import { createLoop } from "./loop.ts";

const LOOK_EVERY_MS = 2_000;
/** Deliveries under way at once: a slow receiver holds one of them, never a job. */
const AT_ONCE = 20;

export interface Courier extends LifecyclePart {
  /** A callback may be due. */
  knock(): void;
}

/** Delivers callbacks apart from the jobs. What is under way when it stops is tried again after its lease. */
export function createCourier({ deliver, log }: { deliver: DeliverCallbacks; log: Log }): Courier {
  const underWay = new Set<Promise<void>>();

  async function run(signal: AbortSignal): Promise<boolean> {
    const room = AT_ONCE - underWay.size;
    if (room === 0) return false;
    const sendings = await deliver(room, signal);
    for (const sending of sendings) track(sending);
    return sendings.length === room;
  }

  function track(sending: Promise<void>): void {
    const watched = sending
      .catch((error: unknown) => log.error({ error }, "What became of a callback could not be written down."))
      .finally(() => {
        const wasFull = underWay.size === AT_ONCE;
        underWay.delete(watched);
        if (wasFull) loop.knock();
      });
    underWay.add(watched);
  }

  const loop = createLoop({ name: "callback", everyMs: LOOK_EVERY_MS, log, run });
  return {
    name: "courier",
    knock: loop.knock,
    start: async () => loop.start(),
    async stop() {
      await loop.stop();
      await Promise.all(underWay);
    },
  };
}
