/** The time, so that tests can hold it. */
export interface Clock {
  /** Unix milliseconds; may jump when the machine's clock is set. */
  nowMs(): number;
  /** Milliseconds since some fixed moment; never jumps. For durations and deadlines. */
  monotonicMs(): number;
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
};
