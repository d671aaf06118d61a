import type { Log } from "../log.ts";
import type { Backend } from "./backend.ts";

/** One look serves everybody who asks within this time: a burst of jobs must not become a burst of questions. */
const FRESH_MS = 2_000;

/** Whether backends answer now. */
export interface Reachability {
  /** Never rejects. */
  isReachable(backend: Backend): Promise<boolean>;
}

interface Look {
  readonly atMs: number;
  readonly answer: Promise<boolean>;
  readonly before: boolean | undefined;
  /** Once it has ended. */
  result?: boolean;
}

export function createReachability(answerMs: number, log: Log): Reachability {
  const looks = new Map<string, Look>();

  function tell(backend: Backend, before: boolean | undefined, now: boolean): void {
    if (!now && before !== false) log.warn({ backendId: backend.id }, "A renderer does not answer.");
    if (now && before === false) log.info({ backendId: backend.id }, "The renderer answers again.");
  }

  function look(backend: Backend, before: boolean | undefined): Look {
    const ask = async () => {
      const { isReachable } = await backend.readStatus(AbortSignal.timeout(answerMs));
      made.result = isReachable;
      tell(backend, before, isReachable);
      return isReachable;
    };
    const made: Look = { atMs: performance.now(), before, answer: Promise.resolve().then(ask) };
    looks.set(backend.id, made);
    return made;
  }

  return {
    isReachable(backend) {
      const last = looks.get(backend.id);
      const isFresh = last !== undefined && performance.now() - last.atMs < FRESH_MS;
      const { before, result, answer } = isFresh ? last : look(backend, last?.result);
      // One that was away is asked again, but nobody waits for its silence; whoever comes after the answer sees it.
      return result === undefined && before === false ? Promise.resolve(false) : answer;
    },
  };
}
