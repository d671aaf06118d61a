import type { Clock } from "../clock.ts";

/** A backend may have been given the model, or come back, since. */
const REMEMBERED_MS = 5_000;

/** What no backend of this process could do a moment ago: such jobs are left to other processes instead of being taken and put back. */
export interface Unfit {
  add(needs: string): void;
  has(needs: string): boolean;
  words(): string[];
  /** Something changed: everything is worth another look. */
  clear(): void;
}

export function createUnfit(clock: Clock): Unfit {
  const untilMs = new Map<string, number>();

  function forgetOld(): void {
    const nowMs = clock.monotonicMs();
    for (const [needs, endsAtMs] of untilMs) if (endsAtMs <= nowMs) untilMs.delete(needs);
  }

  return {
    add: (needs) => void untilMs.set(needs, clock.monotonicMs() + REMEMBERED_MS),
    has(needs) {
      forgetOld();
      return untilMs.has(needs);
    },
    words() {
      forgetOld();
      return [...untilMs.keys()];
    },
    clear: () => untilMs.clear(),
  };
}
