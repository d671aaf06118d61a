import { AppError } from "../errors.ts";

/** Lets a few pieces of work run at once; others wait in line. */
export interface HashGate {
  /** @throws AppError `unavailable` when it was not its turn in time, or too many wait already. */
  pass<T>(work: () => Promise<T>): Promise<T>;
}

export interface HashGateOptions {
  /** Pieces of work at once. */
  readonly placesMax?: number;
  /** Pieces of work in line. */
  readonly waitersMax?: number;
  readonly waitMsMax?: number;
}

// Two times 19 MiB, and two of the four threads that files are read with: hashing never stops the rest of the service.
const PLACES_MAX = 2;
// A hash takes about 60 ms, so the last of a hundred in line waits for three seconds.
const WAITERS_MAX = 100;
const WAIT_MS_MAX = 5_000;

/** A line before what costs memory. */
export function createHashGate(options: HashGateOptions = {}): HashGate {
  const { placesMax = PLACES_MAX, waitersMax = WAITERS_MAX, waitMsMax = WAIT_MS_MAX } = options;
  const waiters = new Set<() => void>();
  let places = placesMax;

  async function enter(): Promise<void> {
    if (places > 0) {
      places--;
      return;
    }
    if (waiters.size >= waitersMax) throw toRefusal();
    await waitForPlace();
  }

  function waitForPlace(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const take = () => {
      clearTimeout(timer);
      resolve();
    };
    const timer = setTimeout(() => {
      waiters.delete(take);
      reject(toRefusal());
    }, waitMsMax);
    waiters.add(take);
    return promise;
  }

  /** The place goes to the next in line, so that nobody who comes later gets in between. */
  function leave(): void {
    const [next] = waiters;
    if (next === undefined) {
      places++;
      return;
    }
    waiters.delete(next);
    next();
  }

  return {
    async pass(work) {
      await enter();
      try {
        return await work();
      } finally {
        leave();
      }
    },
  };
}

function toRefusal(): AppError {
  return new AppError("unavailable", "Too many people are logging in at this moment. Try again in a few seconds.", {
    retryAfterSeconds: 5,
  });
}
