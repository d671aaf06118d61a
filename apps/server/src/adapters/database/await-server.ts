import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "../../errors.ts";
import type { Log } from "../../log.ts";

export interface AwaitServerOptions {
  readonly log: Log;
  /** How long a server may take to answer. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 60_000;
const PAUSE_MS = 500;
const SAY_EVERY_MS = 5_000;

/**
 * Asks until the server answers: one that is started together with this process, or is recovering from a crash, takes a while. What it
 * answers with (no such database, a wrong password) is not waited for.
 *
 * @throws Error with a sentence when the deadline has passed
 */
export async function awaitServer<T>(
  ask: () => Promise<T>,
  { log, timeoutMs = TIMEOUT_MS }: AwaitServerOptions,
): Promise<T> {
  const startedMs = performance.now();
  let saidMs = Number.NEGATIVE_INFINITY;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== "unavailable") throw error;
      const waitedMs = performance.now() - startedMs;
      const reason = describe(error.cause);
      if (waitedMs + PAUSE_MS > timeoutMs)
        throw new Error(`PostgreSQL did not answer within ${timeoutMs / 1_000} s: ${reason}`, { cause: error });
      if (waitedMs - saidMs >= SAY_EVERY_MS) {
        saidMs = waitedMs;
        const leftSeconds = Math.ceil((timeoutMs - waitedMs) / 1_000);
        log.warn({ reason, leftSeconds }, "PostgreSQL does not answer yet: trying again until it does.");
      }
      await sleep(PAUSE_MS);
    }
  }
}

/** A host with several addresses fails with one error for each, and no words of its own. */
function describe(error: unknown): string {
  const [first = error] = error instanceof AggregateError ? (error.errors as unknown[]) : [];
  return first instanceof Error ? first.message : String(first);
}
