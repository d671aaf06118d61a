import { AppError } from "../../errors.ts";

export interface BoundedQueueOptions {
  readonly atOnce: number;
  /** Who comes when this many wait already is refused. */
  readonly waitingMax: number;
}

/** Lets a few in at a time. */
export interface BoundedQueue {
  /** @throws AppError `unavailable` when too many wait; the reason of `signal` when it aborts first */
  run<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T>;
}

export function createBoundedQueue({ atOnce, waitingMax }: BoundedQueueOptions): BoundedQueue {
  const waiting: (() => void)[] = [];
  let running = 0;

  async function enter(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (running < atOnce) {
      running += 1;
      return;
    }
    if (waiting.length >= waitingMax) {
      const words = "Too many pictures are being rewritten. Try again in a few seconds.";
      throw new AppError("unavailable", words, { retryAfterSeconds: 5 });
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const onAbort = () => {
      waiting.splice(waiting.indexOf(resolve), 1);
      reject(signal.reason);
    };
    waiting.push(resolve);
    signal.addEventListener("abort", onAbort, { once: true });
    await promise.finally(() => signal.removeEventListener("abort", onAbort));
  }

  /** Hands the place to whoever waits longest. */
  function leave(): void {
    const next = waiting.shift();
    if (next) next();
    else running -= 1;
  }

  return {
    async run(work, signal) {
      await enter(signal);
      try {
        return await work();
      } finally {
        leave();
      }
    },
  };
}
