import { AppError } from "../errors.ts";

/** Lets so many of each holder through at once; whoever comes then is asked to come again. */
export type Turnstile = <T>(holder: string, work: () => Promise<T>) => Promise<T>;

export interface TurnstileOptions {
  /** Of all holders together. */
  readonly countMax: number;
  /** Of one holder. */
  readonly holderMax: number;
  /** What is under way, for the sentence. */
  readonly what: string;
}

/**
 * Places that are shared: one holder has at most `holderMax`, and never more than are left free, so that a newcomer still finds one where
 * a few have taken much.
 *
 * @throws AppError `unavailable` when no place is left for this holder
 * @example await pass(caller.ownerId, () => store(call));
 */
export function createTurnstile({ countMax, holderMax, what }: TurnstileOptions): Turnstile {
  const inside = new Map<string, number>();
  let count = 0;

  function move(holder: string, step: 1 | -1): void {
    count += step;
    const own = (inside.get(holder) ?? 0) + step;
    if (own === 0) inside.delete(holder);
    else inside.set(holder, own);
  }

  return async function pass(holder, work) {
    const own = inside.get(holder) ?? 0;
    if (own >= Math.min(holderMax, countMax - count)) {
      const whose = own === 0 ? what : `${what} of yours`;
      const words = `Too many ${whose} are under way. Try again in a few seconds.`;
      throw new AppError("unavailable", words, { retryAfterSeconds: 2 });
    }
    move(holder, 1);
    try {
      return await work();
    } finally {
      move(holder, -1);
    }
  };
}
