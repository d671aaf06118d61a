import type { Clock } from "../src/clock.ts";

/** A clock that stands still until a test moves it. */
export interface ManualClock extends Clock {
  advance(ms: number): void;
  /** Sets the wall clock alone, as an operator or NTP does. */
  jump(ms: number): void;
}

export function createManualClock(startMs = 1_763_712_000_000): ManualClock {
  let nowMs = startMs;
  let monotonicMs = 5_000;
  return {
    nowMs: () => nowMs,
    monotonicMs: () => monotonicMs,
    advance(ms) {
      nowMs += ms;
      monotonicMs += ms;
    },
    jump(ms) {
      nowMs += ms;
    },
  };
}
