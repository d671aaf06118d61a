import { setTimeout } from "node:timers/promises";
import type { Inventory } from "@comfy/workflows";
import type { Clock } from "../clock.ts";
import type { Backend } from "../generation/backend.ts";
import type { Log } from "../log.ts";

/** What a backend offers, and how long ago it said so. */
export interface InventoryReading {
  readonly inventory: Inventory;
  readonly ageMs: number;
}

export interface ReadInventoryOptions {
  readonly signal: AbortSignal;
  /** Waits for the backend when what is known is older. Default: `freshMs` of the cache. */
  readonly maxAgeMs?: number;
}

/** What the backends offer, remembered: asking costs one request per node class, and a backend under load answers slowly. */
export interface InventoryCache {
  /** What is known now, however old; asks nobody. */
  peek(backendId: string, classes: readonly string[]): InventoryReading | undefined;
  /**
   * What the backend offers of these classes. Older than asked for when it cannot be asked now, and undefined when it never could.
   * Rejects only with the reason of `signal`.
   */
  read(
    backendId: string,
    classes: readonly string[],
    options: ReadInventoryOptions,
  ): Promise<InventoryReading | undefined>;
  /** From now on asks again in the background, so that what is known stays fresh and a change is noticed. */
  start(): Promise<void>;
  /** Asks this backend now, in the background: it is back, or has changed. */
  refresh(backendId: string): void;
  /** Gives up what is being asked. */
  close(): Promise<void>;
}

export interface InventoryCacheDeps {
  readonly backends: readonly Pick<Backend, "id" | "readInventory">[];
  readonly clock: Clock;
  /** Younger than this needs no asking. */
  readonly freshMs: number;
  /** A backend that answers no sooner counts as unreachable. Default 15 s. */
  readonly readTimeoutMs?: number;
  /** Called when a backend offers something else than before, or was heard for the first time. */
  readonly onChange?: (backendId: string) => void;
  readonly log: Log;
}

// A server with many packs describes a class slowly; it is asked in the background, and nobody waits so long for the answer.
const READ_TIMEOUT_MS = 15_000;
// A dead backend costs one waiting caller per second, not every one of them.
const FAILURE_MEMORY_MS = 1_000;

/** One backend's place in the cache. */
interface Shelf {
  readonly backend: Pick<Backend, "id" | "readInventory">;
  /** Every class that was ever asked for: a refresh asks for all, so that kinds do not push each other out. */
  readonly wanted: Set<string>;
  known?: { readonly inventory: Inventory; readonly classes: ReadonlySet<string>; readonly atMs: number };
  failedAtMs?: number | undefined;
  /** The request under way; at most one for each backend. Never rejects. */
  flight?: { readonly classes: ReadonlySet<string>; readonly done: Promise<void> } | undefined;
}

const covers = (known: ReadonlySet<string>, classes: readonly string[]) => classes.every((name) => known.has(name));

/** Asks backends, at most one question for each at a time. */
function createAsking(deps: InventoryCacheDeps, closing: AbortSignal) {
  const { clock, readTimeoutMs = READ_TIMEOUT_MS, log, onChange } = deps;

  async function ask(shelf: Shelf, classes: ReadonlySet<string>): Promise<void> {
    // The age counts from before the question: a file added while the backend answers may not be in the answer.
    const atMs = clock.monotonicMs();
    const signal = AbortSignal.any([closing, AbortSignal.timeout(readTimeoutMs)]);
    try {
      const inventory = await withAbort(shelf.backend.readInventory([...classes], signal), signal);
      const hasChanged = shelf.known === undefined || offersElse(shelf.known.inventory, inventory);
      shelf.known = { inventory, classes, atMs };
      shelf.failedAtMs = undefined;
      if (hasChanged) onChange?.(shelf.backend.id);
    } catch (cause) {
      const fields = { backend: shelf.backend.id, error: String(cause) };
      if (shelf.failedAtMs === undefined) log.warn(fields, "The backend does not say what it offers.");
      shelf.failedAtMs = clock.monotonicMs();
    } finally {
      shelf.flight = undefined;
    }
  }

  /** Joins the request under way when it asks for these classes too; else asks once that one has ended. */
  async function refresh(shelf: Shelf, classes: readonly string[]): Promise<void> {
    for (const name of classes) shelf.wanted.add(name);
    while (shelf.flight && !covers(shelf.flight.classes, classes)) await shelf.flight.done;
    if (!shelf.flight) {
      const asked = new Set(shelf.wanted);
      shelf.flight = { classes: asked, done: ask(shelf, asked) };
    }
    await shelf.flight.done;
  }

  return refresh;
}

export function createInventoryCache(deps: InventoryCacheDeps): InventoryCache {
  const { clock, freshMs } = deps;
  const shelves = new Map<string, Shelf>(deps.backends.map((backend) => [backend.id, { backend, wanted: new Set() }]));
  const closing = new AbortController();
  const refresh = createAsking(deps, closing.signal);

  function readingOf({ known }: Shelf, classes: readonly string[]): InventoryReading | undefined {
    if (!known || !covers(known.classes, classes)) return undefined;
    return { inventory: known.inventory, ageMs: clock.monotonicMs() - known.atMs };
  }

  const isWanted = ({ wanted }: Shelf) => wanted.size > 0 && !closing.signal.aborted;

  /** All backends, one after the other. */
  async function refreshAll(): Promise<void> {
    for (const shelf of shelves.values()) if (isWanted(shelf)) await refresh(shelf, []);
  }

  let refreshing: Promise<void> | undefined;
  const hasJustFailed = ({ failedAtMs }: Shelf) =>
    failedAtMs !== undefined && clock.monotonicMs() - failedAtMs < FAILURE_MEMORY_MS;

  return {
    peek(backendId, classes) {
      const shelf = shelves.get(backendId);
      return shelf && readingOf(shelf, classes);
    },

    async read(backendId, classes, { signal, maxAgeMs = freshMs }) {
      signal.throwIfAborted();
      const shelf = shelves.get(backendId);
      if (!shelf) return undefined;
      const known = readingOf(shelf, classes);
      if (known && known.ageMs <= Math.min(freshMs, maxAgeMs)) return known;
      if (closing.signal.aborted || hasJustFailed(shelf)) return known;
      const refreshed = refresh(shelf, classes);
      if (known && known.ageMs <= maxAgeMs) return known;
      await withAbort(refreshed, signal);
      return readingOf(shelf, classes);
    },

    async start() {
      refreshing ??= repeat(refreshAll, freshMs / 2, closing.signal);
    },

    refresh(backendId) {
      const shelf = shelves.get(backendId);
      if (shelf && isWanted(shelf)) void refresh(shelf, []);
    },

    async close() {
      closing.abort(new Error("The service is shutting down."));
      await Promise.all([refreshing, ...[...shelves.values()].map((shelf) => shelf.flight?.done)]);
    },
  };
}

/** Does something again and again until the signal aborts. Part of the rhythm is chance: several processes must not ask in the same moment. */
async function repeat(work: () => Promise<void>, everyMs: number, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await setTimeout(everyMs * (0.75 + Math.random() / 4), undefined, { signal, ref: false }).catch(() => {});
    if (!signal.aborted) await work();
  }
}

/** Whether something is new, gone or different. A class that was not asked for before counts as new. */
function offersElse(before: Inventory, after: Inventory): boolean {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].some((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]));
}

/** The promise, or the reason of the signal if that comes first. */
async function withAbort<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
