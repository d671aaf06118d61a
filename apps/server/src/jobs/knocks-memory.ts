import type { Log } from "../log.ts";
import type { Knocks, Work } from "./knocks.ts";

/** The knocks of a single process. */
export function createMemoryKnocks({ log }: { readonly log: Log }): Knocks {
  const handlers = new Set<(work: Work) => void>();
  return {
    knock(work) {
      for (const handler of handlers) {
        try {
          handler(work);
        } catch (error) {
          log.warn({ work, error }, "Somebody stumbled over a knock; the next look finds the work.");
        }
      }
    },
    listen(handler) {
      handlers.add(handler);
      return () => void handlers.delete(handler);
    },
    async close() {
      handlers.clear();
    },
  };
}
