import { AppError } from "../errors.ts";

/** Lets so many through at once; whoever comes then is asked to come again. */
export type Turnstile = <T>(work: () => Promise<T>) => Promise<T>;

/**
 * @param what what is under way, for the sentence
 * @throws AppError `unavailable` when all places are taken
 */
export function createTurnstile(countMax: number, what: string): Turnstile {
  let inside = 0;
  return async function pass(work) {
    if (inside >= countMax) {
      const words = `Too many ${what} are under way. Try again in a few seconds.`;
      throw new AppError("unavailable", words, { retryAfterSeconds: 2 });
    }
    inside += 1;
    try {
      return await work();
    } finally {
      inside -= 1;
    }
  };
}
