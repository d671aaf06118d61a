/** One window of a limit. */
export interface LimitWindow {
  /** Name in the `RateLimit` headers: `minute`, `hour`. */
  readonly name: string;
  readonly limit: number;
  readonly windowMs: number;
}

export interface WindowState extends LimitWindow {
  readonly remaining: number;
  /** Unix milliseconds when more becomes available. */
  readonly resetAtMs: number;
}

export interface Spent {
  readonly isAllowed: boolean;
  /** Every window after this request, the one nearest to exhaustion first. */
  readonly windows: readonly WindowState[];
}

/** Sliding windows over a subject. A request is counted in all of its windows or, when one is full, in none. */
export interface Limiter<Windows extends readonly LimitWindow[]> {
  spend(subject: string, windows: Windows): Promise<Spent>;
}

export type RateLimiter = Limiter<readonly LimitWindow[]>;

/** A limiter that may know one window at a time alone. */
export type WindowLimiter = Limiter<readonly [LimitWindow]>;

/** Orders windows: the one nearest to exhaustion first; of equal ones the one that stays so the longest. */
export function byExhaustion(left: WindowState, right: WindowState): number {
  return left.remaining - right.remaining || right.resetAtMs - left.resetAtMs;
}
