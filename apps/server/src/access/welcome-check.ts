import type { Clock } from "../clock.ts";
import { AppError } from "../errors.ts";
import type { Authenticate } from "./authenticate.ts";
import type { Caller } from "./caller.ts";

/** As long as reads are patient with a database that is restarted or fails over. */
const DOUBT_MS = 20_000;

export interface WelcomeCheckDeps {
  readonly authenticate: Pick<Authenticate, "isStillWelcome">;
  readonly clock: Clock;
}

/**
 * Asks again and again whether somebody who was let in may stay. While nobody can tell it may, for 20 s: a database that is gone for a
 * moment would otherwise send all listeners away at once, and they would all come back together.
 *
 * @example const isStillWelcome = createWelcomeCheck(deps, caller);
 */
export function createWelcomeCheck({ authenticate, clock }: WelcomeCheckDeps, caller: Caller): () => Promise<boolean> {
  let inDoubtSinceMs: number | undefined;
  return async function isStillWelcome() {
    try {
      const isWelcome = await authenticate.isStillWelcome(caller);
      inDoubtSinceMs = undefined;
      return isWelcome;
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== "unavailable") throw error;
      const nowMs = clock.monotonicMs();
      inDoubtSinceMs ??= nowMs;
      return nowMs - inDoubtSinceMs < DOUBT_MS;
    }
  };
}
