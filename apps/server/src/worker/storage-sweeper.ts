import type { SweepStorage } from "../assets/sweep-storage.ts";
import type { LifecyclePart } from "../lifecycle.ts";
import type { Log } from "../log.ts";
import { createLoop } from "./loop.ts";

const LOOK_EVERY_MS = 600_000;

/** Expires files and removes bytes that nobody needs, at the start and then every ten minutes. */
export function createStorageSweeper({ sweepStorage, log }: { sweepStorage: SweepStorage; log: Log }): LifecyclePart {
  const loop = createLoop({
    name: "storage",
    everyMs: LOOK_EVERY_MS,
    log,
    async run(signal) {
      await sweepStorage(signal);
      return false;
    },
  });
  return { name: "storage sweeper", start: async () => loop.start(), stop: () => loop.stop() };
}
