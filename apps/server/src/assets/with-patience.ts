import { setTimeout } from "node:timers/promises";
import { toAppError } from "../errors.ts";

export interface Patience {
  /** Ends the work itself. */
  readonly signal: AbortSignal;
  /** Ends the waits between tries: the last error is thrown then. Absent: there is one try. */
  readonly patience?: AbortSignal | undefined;
  /** The wait before the second try; each further one is twice as long, up to half a minute. */
  readonly firstDelayMs?: number;
  readonly onFailure?: (error: unknown, delayMs: number) => void;
}

const FIRST_DELAY_MS = 250;
const DELAY_MS_MAX = 30_000;

/** Tries again what failed with `unavailable`, until it works or patience is at its end. */
export async function withPatience<Value>(work: () => Promise<Value>, options: Patience): Promise<Value> {
  const { signal, patience, onFailure } = options;
  let delayMs = options.firstDelayMs ?? FIRST_DELAY_MS;
  for (;;) {
    try {
      signal.throwIfAborted();
      return await work();
    } catch (error) {
      signal.throwIfAborted();
      if (!patience || patience.aborted || toAppError(error).code !== "unavailable") throw error;
      onFailure?.(error, delayMs);
      // Many that failed in one moment must not come back in one moment.
      await waitUnless([signal, patience], delayMs * (1 + Math.random() / 4));
      signal.throwIfAborted();
      if (patience.aborted) throw error;
      delayMs = Math.min(delayMs * 2, DELAY_MS_MAX);
    }
  }
}

async function waitUnless(signals: readonly AbortSignal[], delayMs: number): Promise<void> {
  await setTimeout(delayMs, undefined, { signal: AbortSignal.any([...signals]) }).catch(() => undefined);
}
