import type { ComfyUi } from "@comfy/comfyui";
import type { Log } from "../../log.ts";

const LOOK_EVERY_MS = 10_000;
const LOOK_TIMEOUT_MS = 5_000;

/**
 * A server's one worker thread can die while its port goes on answering: what it was given waits for ever, and only a restart helps.
 * Here it is remembered, all renders on that server are told, and it is noticed when the server works again.
 */
export interface WorkerWatch {
  isWorking(): boolean;
  /** Aborts when the worker is declared dead, for every render at once. */
  readonly signal: AbortSignal;
  declareDead(reason: string): void;
  close(): Promise<void>;
}

interface Death {
  /** The boot, and what ran, when it was last seen; unknown until the first look. */
  epoch?: string;
  running?: ReadonlySet<string>;
}

export interface WorkerWatchParts {
  readonly comfy: Pick<ComfyUi, "bootEpoch" | "queue">;
  readonly log: Log;
  readonly lookEveryMs?: number;
}

export function createWorkerWatch({ comfy, log, lookEveryMs = LOOK_EVERY_MS }: WorkerWatchParts): WorkerWatch {
  let death: Death | undefined;
  let alive = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let looking: Promise<void> | undefined;
  const closing = new AbortController();

  /** A dead worker changes nothing: a new boot, a new prompt at work or one that ended shows that there is a live one. */
  async function hasRisen(known: Death): Promise<boolean> {
    const signal = AbortSignal.any([closing.signal, AbortSignal.timeout(LOOK_TIMEOUT_MS)]);
    const epoch = await comfy.bootEpoch(signal, { isFresh: true });
    const running = new Set((await comfy.queue(signal)).running);
    const { epoch: epochThen = epoch, running: runningThen = running } = known;
    Object.assign(known, { epoch: epochThen, running: runningThen });
    const hasEnded = runningThen.size > 0 && running.size === 0;
    return epoch !== epochThen || hasEnded || [...running].some((id) => !runningThen.has(id));
  }

  async function look(known: Death): Promise<void> {
    // A server that does not answer has not risen yet.
    const isBack = await hasRisen(known).catch(() => false);
    if (closing.signal.aborted || death !== known) return;
    if (!isBack) return schedule(known, lookEveryMs);
    death = undefined;
    alive = new AbortController();
    log.info({}, "The renderer works again.");
  }

  function schedule(known: Death, delayMs: number): void {
    timer = setTimeout(() => {
      looking = look(known);
    }, delayMs);
    timer.unref();
  }

  return {
    isWorking: () => death === undefined,
    get signal() {
      return alive.signal;
    },
    declareDead(reason) {
      if (death || closing.signal.aborted) return;
      death = {};
      log.error(
        { reason },
        "This renderer answers but does not work: restart that ComfyUI. Its jobs go elsewhere, and it is used again once it works.",
      );
      alive.abort(new Error(reason));
      schedule(death, 0);
    },
    async close() {
      closing.abort(new Error("The service is shutting down."));
      clearTimeout(timer);
      await looking;
    },
  };
}
