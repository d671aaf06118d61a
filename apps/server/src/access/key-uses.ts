import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import type { KeyStore } from "./key-store.ts";

export interface KeyUses {
  /** Remembers that a key was used now; written later. */
  note(keyId: string): void;
  /** Writes what is left. */
  stop(): Promise<void>;
}

/** Uses of all keys are written together, this long after the first one. */
const GATHER_MS = 2_000;
/** A key's last use is written at most this often. */
const APART_MS = 60_000;
const REMEMBERED_MAX = 100_000;

/** When keys were used last: off the way of every request, and rarely. */
export function createKeyUses(options: {
  readonly store: Pick<KeyStore, "noteUses">;
  readonly clock: Clock;
  readonly log: Log;
  readonly gatherMs?: number;
}): KeyUses {
  const { store, clock, log, gatherMs = GATHER_MS } = options;
  const written = new Map<string, number>();
  let gathered = new Map<string, number>();
  let timer: NodeJS.Timeout | undefined;
  let writing = Promise.resolve();

  async function write(uses: ReadonlyMap<string, number>): Promise<void> {
    try {
      await store.noteUses(uses);
    } catch (error) {
      log.warn({ error, keys: uses.size }, "When keys were used last could not be written; the next use will be.");
    }
  }

  function flush(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    const uses = gathered;
    gathered = new Map();
    // Written one after the other, so that a slow database is not asked twice at once.
    writing = writing.then(() => (uses.size > 0 ? write(uses) : undefined));
    return writing;
  }

  return {
    note(keyId) {
      const nowMs = clock.nowMs();
      if (nowMs - (written.get(keyId) ?? -Infinity) < APART_MS) return;
      if (written.size >= REMEMBERED_MAX) written.clear();
      written.set(keyId, nowMs);
      gathered.set(keyId, nowMs);
      timer ??= setTimeout(() => void flush(), gatherMs);
    },
    stop: flush,
  };
}
