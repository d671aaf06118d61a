/** What so many callers in a row made of so many requests. */
export interface LoadResult {
  /** Milliseconds of each request that succeeded, sorted. */
  readonly durationsMs: readonly number[];
  readonly elapsedMs: number;
  /** Requests that had no end within their time. */
  readonly hangs: number;
  readonly failures: readonly string[];
}

export interface LoadOptions {
  readonly concurrency: number;
  readonly count: number;
  /** A request without an end after this long counts as hanging. */
  readonly timeoutMs?: number;
  readonly work: (index: number, signal: AbortSignal) => Promise<void>;
}

const TIMEOUT_MS = 60_000;

/** So many callers, each sending its next request when the last has ended, until the count is reached. */
export async function runClosedLoop({
  concurrency,
  count,
  work,
  timeoutMs = TIMEOUT_MS,
}: LoadOptions): Promise<LoadResult> {
  const durationsMs: number[] = [];
  const failures: string[] = [];
  let hangs = 0;
  let next = 0;
  const call = async (): Promise<void> => {
    while (next < count) {
      const index = next++;
      const signal = AbortSignal.timeout(timeoutMs);
      const startedAt = performance.now();
      try {
        await work(index, signal);
        durationsMs.push(performance.now() - startedAt);
      } catch (error) {
        if (signal.aborted) hangs += 1;
        else failures.push(error instanceof Error ? error.message : String(error));
      }
    }
  };
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: concurrency }, call));
  return { durationsMs: durationsMs.sort((a, b) => a - b), elapsedMs: performance.now() - startedAt, hangs, failures };
}

/** Several results as if they had been one. */
export const joinResults = (results: readonly LoadResult[]): LoadResult => ({
  durationsMs: results.flatMap(({ durationsMs }) => durationsMs).sort((a, b) => a - b),
  elapsedMs: results.reduce((sum, { elapsedMs }) => sum + elapsedMs, 0),
  hangs: results.reduce((sum, { hangs }) => sum + hangs, 0),
  failures: results.flatMap(({ failures }) => failures),
});

export const perSecond = ({ durationsMs, elapsedMs }: LoadResult): number => (durationsMs.length * 1000) / elapsedMs;

/** The value that this share of sorted values does not exceed; NaN of none. */
export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

export const median = (values: readonly number[]): number =>
  percentile(
    values.toSorted((a, b) => a - b),
    0.5,
  );
