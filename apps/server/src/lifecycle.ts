import type { Log } from "./log.ts";

/** One thing that is started and stopped with the service. Each phase is optional. */
export interface LifecyclePart {
  readonly name: string;
  start?(signal: AbortSignal): Promise<void>;
  /** Takes no more work. Called for all parts before any of them drains, and must not throw. */
  quiesce?(): void;
  /** Takes no more work, finishes what it has. All parts drain together; aborted at the deadline. */
  drain?(signal: AbortSignal): Promise<void>;
  /** Lets go of everything. */
  stop?(): Promise<void>;
}

export interface Lifecycle {
  add(part: LifecyclePart): void;
  /** Starts the parts in the order they were added. When one fails, those before it are stopped again. */
  start(): Promise<void>;
  /** Drains all parts together, then stops them in reverse order. Called again it gives the same promise. */
  shutDown(): Promise<void>;
  readonly isDraining: boolean;
}

export interface LifecycleOptions {
  readonly log: Log;
  /** Milliseconds that all drains together may take. Fly sends SIGKILL 5 s after SIGTERM unless told otherwise. */
  readonly drainTimeoutMs: number;
  /** Milliseconds that each stop may take. */
  readonly stopTimeoutMs?: number;
}

export function createLifecycle({ log, drainTimeoutMs, stopTimeoutMs = 5_000 }: LifecycleOptions): Lifecycle {
  const parts: LifecyclePart[] = [];
  const startup = new AbortController();
  let shutdown: Promise<void> | undefined;

  async function stopAll(): Promise<void> {
    for (const part of parts.toReversed()) {
      const work = async () => part.stop?.();
      await settle(part, "stop", within(work(), stopTimeoutMs), log);
    }
  }

  async function drainAndStop(): Promise<void> {
    startup.abort(new Error("The service is shutting down."));
    const deadline = AbortSignal.timeout(drainTimeoutMs);
    const reversed = parts.toReversed();
    for (const part of reversed) part.quiesce?.();
    // Together: who waits for a job is served only while jobs still end.
    await Promise.all(
      reversed.map((part) => {
        const work = async () => part.drain?.(deadline);
        return settle(part, "drain", untilAborted(work(), deadline), log);
      }),
    );
    await stopAll();
  }

  return {
    add: (part) => void parts.push(part),
    async start() {
      for (const part of parts) {
        try {
          await part.start?.(startup.signal);
        } catch (error) {
          log.error({ part: part.name, error }, "A part of the service did not start.");
          shutdown = stopAll();
          await shutdown;
          throw error;
        }
      }
    },
    shutDown() {
      shutdown ??= drainAndStop();
      return shutdown;
    },
    get isDraining() {
      return shutdown !== undefined;
    },
  };
}

async function settle(part: LifecyclePart, phase: "drain" | "stop", work: Promise<void>, log: Log) {
  try {
    await work;
  } catch (error) {
    log.warn({ part: part.name, phase, error }, `${part.name} did not ${phase} cleanly.`);
  }
}

async function within(work: Promise<void>, timeoutMs: number): Promise<void> {
  await untilAborted(work, AbortSignal.timeout(timeoutMs));
}

/** Waits for work, but no longer than until the signal aborts; then rejects with its reason. */
async function untilAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
