/** How much the latest render counts against all before it. */
const LATEST_WEIGHT = 0.3;
/** A pace measured over less than this is chance. */
const PACE_AFTER = { value: 0.05, seconds: 1 };

/** How long renders took, by backend and by what was rendered. Of this process only: a guess needs no more. */
export interface RenderTimes {
  note(backendId: string, what: string, seconds: number): void;
  usual(backendId: string, what: string): number | undefined;
}

export function createRenderTimes(): RenderTimes {
  const usual = new Map<string, number>();
  const keyOf = (backendId: string, what: string) => `${backendId} ${what}`;
  return {
    note(backendId, what, seconds) {
      const key = keyOf(backendId, what);
      const before = usual.get(key);
      usual.set(key, before === undefined ? seconds : before + (seconds - before) * LATEST_WEIGHT);
    },
    usual: (backendId, what) => usual.get(keyOf(backendId, what)),
  };
}

/** Guesses when one render ends. */
export interface EtaMeter {
  /** Seconds left, one decimal; undefined while nobody can tell. */
  measure(value: number, atMs: number): number | undefined;
}

/**
 * @param usualSeconds what such a render usually takes there
 * @param startedAtMs when it began to run
 */
export function createEtaMeter(startedAtMs: number, usualSeconds: number | undefined): EtaMeter {
  let first: { readonly value: number; readonly atMs: number } | undefined;

  /** Cached nodes are done in the first moment, so the pace counts from the first report. */
  function atThisPace(value: number, atMs: number): number | undefined {
    first ??= { value, atMs };
    const seconds = (atMs - first.atMs) / 1_000;
    const gained = value - first.value;
    if (gained < PACE_AFTER.value || seconds < PACE_AFTER.seconds) return undefined;
    return ((1 - value) * seconds) / gained;
  }

  return {
    measure(value, atMs) {
      const pace = atThisPace(value, atMs);
      const past = usualSeconds === undefined ? undefined : Math.max(0, usualSeconds - (atMs - startedAtMs) / 1_000);
      if (value >= 1) return 0;
      if (pace === undefined && past === undefined) return undefined;
      // The further it is, the more its own pace tells.
      const guess = value * (pace ?? past ?? 0) + (1 - value) * (past ?? pace ?? 0);
      return Math.round(guess * 10) / 10;
    },
  };
}
