import { createRequestCounter } from "../access/request-counter.ts";
import { createReadUsage } from "../jobs/read-usage.ts";
import { createLoop } from "../worker/loop.ts";
import type { Ground } from "./ground.ts";
import type { Records } from "./storage.ts";

/** What a crash of the process may lose: the requests of so many seconds. */
const HAND_OVER_EVERY_MS = 5_000;

/** What owners used: read, and as to requests counted. */
export function composeUsage({ clock, holder, log, lifecycle }: Ground, { usage, requestCounts: counts }: Records) {
  const counter = createRequestCounter({ counts, clock, holder });
  const loop = createLoop({
    name: "request count",
    everyMs: HAND_OVER_EVERY_MS,
    log,
    run: async () => {
      await counter.flush();
      return false;
    },
  });
  lifecycle.add({
    name: "usage",
    start: async () => loop.start(),
    async stop() {
      await loop.stop();
      await counter.flush();
    },
  });
  return { counter, readUsage: createReadUsage({ usage, clock }) };
}
