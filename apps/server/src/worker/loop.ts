import type { Log } from "../log.ts";

/** Something done again and again: when it is knocked for, and every so often in case a knock was lost. */
export interface Loop {
  /** Runs soon; knocks while it runs make it run once more. */
  knock(): void;
  start(): void;
  /** No further runs; resolves when the present one has ended. */
  stop(): Promise<void>;
}

export interface LoopOptions {
  readonly name: string;
  readonly everyMs: number;
  readonly log: Log;
  /** True asks for another run at once: there is more to do. */
  readonly run: (signal: AbortSignal) => Promise<boolean>;
}

export function createLoop({ name, everyMs, log, run }: LoopOptions): Loop {
  const stopping = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  let isKnocked = false;

  async function drainKnocks(): Promise<void> {
    while (isKnocked && !stopping.signal.aborted) {
      isKnocked = false;
      try {
        if (await run(stopping.signal)) isKnocked = true;
      } catch (error) {
        // The next tick tries again.
        log.error({ loop: name, error }, `The ${name} loop stumbled.`);
      }
    }
    running = undefined;
    // A knock that came after the last look and before this line.
    if (isKnocked) knock();
  }

  function knock(): void {
    isKnocked = true;
    if (timer !== undefined && !stopping.signal.aborted) running ??= drainKnocks();
  }

  return {
    knock,
    start() {
      timer = setInterval(knock, everyMs);
      knock();
    },
    async stop() {
      stopping.abort(new Error(`The ${name} loop is stopping.`));
      clearInterval(timer);
      await running;
    },
  };
}
