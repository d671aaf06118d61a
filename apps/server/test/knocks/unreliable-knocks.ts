import { createId } from "../../src/ids.ts";
import type { Knocks, Work } from "../../src/jobs/knocks.ts";

/** What a queue may do to messages at the worst. */
export type Vice = "drops" | "doubles" | "reorders" | "invents";

const HELD_MAX = 3;
const HELD_MS = 100;

/** A queue between two parts of one process that has the given vice with every single message. */
export function createUnreliableKnocks(vice: Vice): Knocks {
  const handlers = new Set<(work: Work) => void>();
  const timers = new Set<NodeJS.Timeout>();
  let held: Work[] = [];

  const deliver = (work: Work) => {
    for (const handler of handlers) handler(work);
  };
  const later = (run: () => void, delayMs: number) => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      run();
    }, delayMs);
    timers.add(timer);
  };
  /** Newest first, long after they were sent. */
  const release = () => {
    const released = held.toReversed();
    held = [];
    for (const work of released) deliver(work);
  };

  const knock: Record<Vice, (work: Work) => void> = {
    drops() {},
    doubles(work) {
      deliver(work);
      deliver(work);
      later(() => deliver(work), HELD_MS);
    },
    reorders(work) {
      held.push(work);
      if (held.length >= HELD_MAX) release();
      else later(release, HELD_MS);
    },
    invents(work) {
      deliver({ type: "job", jobId: createId(), attempt: 7, epoch: 99 });
      deliver(work);
      deliver({ type: "delivery" });
    },
  };

  return {
    knock: knock[vice],
    listen(handler) {
      handlers.add(handler);
      return () => void handlers.delete(handler);
    },
    async close() {
      for (const timer of timers) clearTimeout(timer);
    },
  };
}
