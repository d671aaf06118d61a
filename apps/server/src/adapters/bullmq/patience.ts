import type { Log } from "../../log.ts";

const AGAIN_MS = 2_000;

/** Tries until something is done, however long the store is away; what was not done when it stops is never done. */
export function createPatience(log: Log) {
  const timers = new Set<NodeJS.Timeout>();
  let isStopped = false;

  async function attempt(work: () => Promise<void>, done: () => void, tries: number): Promise<void> {
    if (isStopped) return;
    try {
      await work();
      done();
    } catch (error) {
      if (tries === 1) log.warn({ error }, "The queue could not be opened; until it is, work is found by looking.");
      const timer = setTimeout(() => {
        timers.delete(timer);
        void attempt(work, done, tries + 1);
      }, AGAIN_MS);
      timers.add(timer);
    }
  }

  return {
    untilDone(work: () => Promise<void>): Promise<void> {
      const { promise, resolve } = Promise.withResolvers<void>();
      void attempt(work, resolve, 1);
      return promise;
    },
    stop(): void {
      isStopped = true;
      for (const timer of timers) clearTimeout(timer);
    },
  };
}
