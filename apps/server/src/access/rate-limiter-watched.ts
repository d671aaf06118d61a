import { AppError } from "../errors.ts";
import type { Limiter, LimitWindow, RateLimiter } from "./rate-limiter.ts";
import { StoreDownError, type StoreWatch } from "./store-watch.ts";

const RETRY_AFTER_SECONDS = 5;

/** For callers who have proven who they are: while the store is down, this process counts them alone, in the same windows. */
export function withLocalGuard(limiter: RateLimiter, local: RateLimiter, watch: Pick<StoreWatch, "ask">): RateLimiter {
  return {
    async spend(subject, windows) {
      try {
        return await watch.ask(() => limiter.spend(subject, windows));
      } catch (error) {
        if (error instanceof StoreDownError) return local.spend(subject, windows);
        throw error;
      }
    },
  };
}

/**
 * For strangers: while the store is down, nobody counts how often they guess, so they are not let in.
 * @throws AppError `unavailable` then
 */
export function withClosedDoor<Windows extends readonly LimitWindow[]>(
  limiter: Limiter<Windows>,
  watch: Pick<StoreWatch, "ask">,
): Limiter<Windows> {
  return {
    async spend(subject, windows) {
      try {
        return await watch.ask(() => limiter.spend(subject, windows));
      } catch (error) {
        if (!(error instanceof StoreDownError)) throw error;
        const sentence = `Who is calling cannot be checked right now. Try again in ${RETRY_AFTER_SECONDS} s.`;
        throw new AppError("unavailable", sentence, { retryAfterSeconds: RETRY_AFTER_SECONDS, cause: error });
      }
    },
  };
}
