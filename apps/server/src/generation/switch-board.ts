import { setTimeout } from "node:timers/promises";
import type { Log } from "../log.ts";
import type { BackendSwitches } from "./backend-switches.ts";

/** A change made on another process is seen here within this time. */
const READ_EVERY_MS = 2_000;

/** What operators have switched off, as far as this process knows: read in the background, so that asking costs nothing. */
export interface SwitchBoard {
  isDrained(backendId: string): boolean;
  /** Written down, and in effect here at once. */
  setDrained(backendId: string, isDrained: boolean): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

export interface SwitchBoardDeps {
  readonly switches: BackendSwitches;
  readonly log: Log;
  /** Called when a backend was taken out of service or put back. */
  readonly onChange?: () => void;
  readonly readEveryMs?: number;
}

export function createSwitchBoard({
  switches,
  log,
  onChange,
  readEveryMs = READ_EVERY_MS,
}: SwitchBoardDeps): SwitchBoard {
  let drained: ReadonlySet<string> = new Set();
  let isFailing = false;
  let reading: Promise<void> | undefined;
  const closing = new AbortController();

  async function read(): Promise<void> {
    const now = new Set(await switches.readDrained());
    if (now.size === drained.size && [...now].every((id) => drained.has(id))) return;
    drained = now;
    log.info({ drained: [...now] }, "Backends that take no new work changed.");
    onChange?.();
  }

  /** What was known stays in effect while the database is away. */
  async function readCalmly(): Promise<void> {
    try {
      await read();
      isFailing = false;
    } catch (error) {
      if (!isFailing) log.warn({ error }, "Which backends are drained could not be read.");
      isFailing = true;
    }
  }

  async function readOn(): Promise<void> {
    while (!closing.signal.aborted) {
      await setTimeout(readEveryMs, undefined, { signal: closing.signal, ref: false }).catch(() => {});
      if (!closing.signal.aborted) await readCalmly();
    }
  }

  return {
    isDrained: (backendId) => drained.has(backendId),
    async setDrained(backendId, isDrained) {
      await switches.setDrained(backendId, isDrained);
      await read();
    },
    async start() {
      // Awaited: a backend that is drained must not be given work in the first moment.
      await readCalmly();
      reading = readOn();
    },
    async stop() {
      closing.abort(new Error("The service is shutting down."));
      await reading;
    },
  };
}
