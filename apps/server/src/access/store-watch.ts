import type { Log } from "../log.ts";

export interface StoreWatchOptions {
  /** For the log: `Redis`, `Upstash`. */
  readonly store: string;
  /** Rejects when the store does not answer. */
  readonly check: () => Promise<void>;
  readonly log: Log;
  /** Milliseconds an answer may take. A lost packet alone costs 200 ms, so that much is no outage. */
  readonly deadlineMs?: number;
  /** Milliseconds between looks at a store that is down. */
  readonly pauseMs?: number;
}

/** Asks a store that other processes share, as long as it answers. */
export interface StoreWatch {
  /** @throws StoreDownError at once while the store is known to be down, else when its answer is late or an error */
  ask<Answer>(work: () => Promise<Answer>): Promise<Answer>;
  /** The first look, so that an outage is told at the start and not by the first caller. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Nothing is known of the limits: the caller decides what that means. */
export class StoreDownError extends Error {
  constructor(options?: ErrorOptions) {
    super("The store of the limits does not answer.", options);
    this.name = "StoreDownError";
  }
}

/**
 * From the first answer that is late or an error, nobody is made to wait for the store again until a look at it from here found it back.
 * One line when it goes, one when it is back.
 */
export function createStoreWatch(options: StoreWatchOptions): StoreWatch {
  const { store, check, log, deadlineMs = 500, pauseMs = 500 } = options;
  let isDown = false;
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;

  function lose(error: unknown): void {
    if (isDown || isStopped) return;
    isDown = true;
    const reason = error instanceof Error ? error.message : String(error);
    log.warn(
      { store, reason },
      "The store of the rate limits does not answer: until it does, each process counts callers alone, and strangers are refused with 503.",
    );
    lookLater();
  }

  function lookLater(): void {
    timer = setTimeout(() => void look(), pauseMs);
    timer.unref();
  }

  async function look(): Promise<void> {
    try {
      await within(check(), deadlineMs);
    } catch (error) {
      return isDown ? lookLater() : lose(error);
    }
    if (!isDown || isStopped) return;
    isDown = false;
    log.info({ store }, "The store of the rate limits is back: all processes count together again.");
  }

  return {
    async ask(work) {
      if (isDown) throw new StoreDownError();
      try {
        return await within(work(), deadlineMs);
      } catch (error) {
        lose(error);
        throw new StoreDownError({ cause: error });
      }
    },
    async start() {
      // Its first connection is made for this look, which may take longer than an answer.
      await check().catch(lose);
    },
    async stop() {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}

async function within<Answer>(work: Promise<Answer>, deadlineMs: number): Promise<Answer> {
  const { promise, reject } = Promise.withResolvers<never>();
  const expire = () => reject(new Error(`No answer within ${deadlineMs} ms.`));
  // A process that was busy itself finds timer and answer due together: what has arrived is read before it counts as late.
  const timer = setTimeout(() => setImmediate(() => setImmediate(expire)), deadlineMs);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}
