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
  const loop = createLoop({
    name: "callback",
    everyMs: LOOK_EVERY_MS,
    log,
    run: async (signal) => (await deliver(AT_ONCE, signal)) === AT_ONCE,
  });
  return { name: "courier", knock: loop.knock, start: async () => loop.start(), stop: () => loop.stop() };
}
