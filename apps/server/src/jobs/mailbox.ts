import type { JobEvent } from "@comfy/contracts";
import type { Job } from "./job.ts";

/** Events on their way to one listener. A slow listener misses what newer events have overtaken, and keeps the rest. */
export interface Mailbox {
  /** Where the job stood when it was read, before what was heard meanwhile. */
  startFrom(events: readonly JobEvent[]): void;
  put(event: JobEvent): void;
  /** The job has ended: nothing is put after this. */
  end(job: Job): void;
  readonly ended: Job | undefined;
  /** What is there, oldest first, and no longer there then. */
  take(): readonly JobEvent[];
  /** Until something is put, the job has ended, or somebody wakes. */
  wait(): Promise<void>;
  wake(): void;
}

export function createMailbox(): Mailbox {
  let waiting: JobEvent[] = [];
  let value = 0;
  let isRunning = false;
  let ended: Job | undefined;
  let news = Promise.withResolvers<void>();
  const wake = () => news.resolve();

  function put(event: JobEvent): void {
    // From several processes and over several attempts: what is told never goes back.
    if (event.type === "queued" && isRunning) return;
    if (event.type === "progress" && event.value < value) return;
    isRunning ||= event.type !== "queued";
    if (event.type === "progress") value = event.value;
    // One of each kind at the most: a listener that does not read costs us four events.
    waiting = [...waiting.filter(({ type }) => type !== event.type), event];
    wake();
  }

  return {
    startFrom(events) {
      const heard = waiting;
      waiting = [];
      for (const event of [...events, ...heard]) put(event);
    },
    put,
    end(job) {
      ended = job;
      wake();
    },
    get ended() {
      return ended;
    },
    take() {
      const taken = waiting;
      waiting = [];
      return taken;
    },
    async wait() {
      // What woke before anybody waited counts, too.
      await news.promise;
      news = Promise.withResolvers<void>();
    },
    wake,
  };
}
