import type { Clock } from "../clock.ts";
import type { LimitWindow, RateLimiter, WindowState } from "./rate-limiter.ts";
import { byExhaustion } from "./rate-limiter.ts";

/** When the requests of one window were made, oldest first; `head` is the first that still counts. */
interface Hits {
  readonly times: number[];
  head: number;
}

// One entry is a few hundred bytes to 80 kB (10,000 requests an hour); past this many the longest unused is forgotten.
const SUBJECTS_MAX = 50_000;

function dropOld(hits: Hits, beforeMs: number): void {
  while (hits.head < hits.times.length && (hits.times[hits.head] ?? 0) <= beforeMs) hits.head++;
  // Moved together only once half of it is stale, so that each request pays for one move on average.
  if (hits.head * 2 <= hits.times.length) return;
  hits.times.splice(0, hits.head);
  hits.head = 0;
}

/**
 * Exact sliding windows in this process. Durations come from the clock that never jumps.
 * @param options.subjectsMax subjects remembered at once; the longest unused is forgotten first
 */
export function createMemoryRateLimiter(options: { clock: Clock; subjectsMax?: number }): RateLimiter {
  const { clock, subjectsMax = SUBJECTS_MAX } = options;
  const subjects = new Map<string, Map<string, Hits>>();

  function readSubject(subject: string): Map<string, Hits> {
    const known = subjects.get(subject) ?? new Map<string, Hits>();
    subjects.delete(subject);
    subjects.set(subject, known);
    const [oldest] = subjects.keys();
    if (subjects.size > subjectsMax && oldest !== undefined) subjects.delete(oldest);
    return known;
  }

  function readHits(known: Map<string, Hits>, window: LimitWindow, nowMs: number): Hits {
    const key = `${window.name}/${window.windowMs}`;
    const hits = known.get(key) ?? { times: [], head: 0 };
    known.set(key, hits);
    dropOld(hits, nowMs - window.windowMs);
    return hits;
  }

  return {
    async spend(subject, windows) {
      const nowMs = clock.monotonicMs();
      const toWallMs = clock.nowMs() - nowMs;
      const known = readSubject(subject);
      const all = windows.map((window) => ({ window, hits: readHits(known, window, nowMs) }));
      const isAllowed = all.every(({ window, hits }) => hits.times.length - hits.head < window.limit);
      const states = all.map(({ window, hits }): WindowState => {
        if (isAllowed) hits.times.push(nowMs);
        const count = hits.times.length - hits.head;
        // The request that has to grow old before another one fits.
        const blockingMs = hits.times[hits.head + Math.max(0, count - window.limit)] ?? nowMs;
        return {
          ...window,
          remaining: Math.max(0, window.limit - count),
          resetAtMs: toWallMs + blockingMs + window.windowMs,
        };
      });
      return { isAllowed, windows: states.toSorted(byExhaustion) };
    },
  };
}
