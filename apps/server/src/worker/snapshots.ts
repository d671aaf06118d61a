import type { Clock } from "../clock.ts";
import type { LifecyclePart } from "../lifecycle.ts";
import type { Log } from "../log.ts";
import { createLoop } from "./loop.ts";

const LOOK_EVERY_MS = 10 * 60_000;
/** A new deployment is copied for the first time after so long. */
const FIRST_AFTER_MS = 60 * 60_000;

export interface SnapshotsDeps {
  readonly everyMs: number;
  readonly newestMs: () => Promise<number | undefined>;
  /** Makes one; gives where it is. */
  readonly take: (nowMs: number) => Promise<string>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Takes a copy of a database that a power cut may break, every so often, also over restarts. */
export function createSnapshots({ everyMs, newestMs, take, clock, log }: SnapshotsDeps) {
  const startedMs = clock.nowMs();
  /** A copy that failed is not tried again and again: everybody waits for it each time. */
  let triedMs: number | undefined;

  async function takeWhenDue(): Promise<boolean> {
    const nowMs = clock.nowMs();
    const newest = await newestMs();
    const lastMs = Math.max(newest ?? 0, triedMs ?? 0);
    if (nowMs < (lastMs === 0 ? startedMs + Math.min(FIRST_AFTER_MS, everyMs) : lastMs + everyMs)) return false;
    triedMs = nowMs;
    const path = await take(nowMs);
    log.info({ path, durationMs: clock.nowMs() - nowMs }, "A copy of the database was taken.");
    return true;
  }

  const loop = createLoop({
    name: "snapshot",
    everyMs: LOOK_EVERY_MS,
    log,
    async run() {
      await takeWhenDue();
      return false;
    },
  });
  const part: LifecyclePart = { name: "snapshots", start: async () => loop.start(), stop: () => loop.stop() };
  return { part, takeWhenDue };
}
