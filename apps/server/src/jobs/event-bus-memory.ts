import type { EventBus, JobNotice } from "./event-bus.ts";

/** Who listens to which job on this process. */
export interface MemoryEventBus extends EventBus {
  hasListener(jobId: string): boolean;
}

/** The bus of a single process. */
export function createMemoryEventBus(): MemoryEventBus {
  const listeners = new Map<string, Set<(notice: JobNotice) => void>>();
  return {
    publish(jobId, notice) {
      for (const listener of listeners.get(jobId) ?? []) listener(notice);
    },
    subscribe(jobId, listener) {
      const own = listeners.get(jobId) ?? new Set();
      listeners.set(jobId, own.add(listener));
      return () => {
        own.delete(listener);
        if (own.size === 0 && listeners.get(jobId) === own) listeners.delete(jobId);
      };
    },
    hasListener: (jobId) => listeners.has(jobId),
  };
}
