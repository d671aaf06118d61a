import type { ComfyUi } from "@comfy/comfyui";
import type { Log } from "../../log.ts";

const LOOK_EVERY_MS = 5_000;
/** A request that was under way, a node that does not listen and a server out of reach are all settled by then. */
const KEEP_MS = 60 * 60_000;
const CANCEL_MS = 10_000;

/**
 * Prompts that nobody waits for any more but that may run, or still appear: each is taken out of the queue or interrupted, by its id,
 * as soon as it can be found. Otherwise a job that was dispatched again would be rendered twice.
 */
export interface Orphanage {
  add(promptId: string): void;
  close(): Promise<void>;
}

export function createOrphanage(comfy: ComfyUi, log: Log): Orphanage {
  const until = new Map<string, number>();
  const closing = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let sweeping: Promise<void> | undefined;

  async function settle(promptId: string, endsAt: number): Promise<void> {
    const signal = AbortSignal.any([closing.signal, AbortSignal.timeout(CANCEL_MS)]);
    const cancelled = await comfy.cancel({ promptId, signal });
    // "unknown" may only mean "not yet": it is looked for until its time is over.
    const isSettled = cancelled.type === "done" || cancelled.type === "dequeued";
    if (isSettled) log.info({ promptId, ended: cancelled.type }, "An abandoned prompt was settled.");
    if (isSettled || performance.now() > endsAt) until.delete(promptId);
  }

  async function sweep(): Promise<void> {
    for (const [promptId, endsAt] of [...until]) {
      try {
        await settle(promptId, endsAt);
      } catch (error) {
        if (closing.signal.aborted) return;
        if (performance.now() > endsAt) until.delete(promptId);
        log.debug({ promptId, error: String(error) }, "An abandoned prompt could not be settled yet.");
      }
    }
  }

  function schedule(delayMs: number): void {
    if (timer || sweeping || closing.signal.aborted || until.size === 0) return;
    timer = setTimeout(() => {
      timer = undefined;
      sweeping = sweep().finally(() => {
        sweeping = undefined;
        schedule(LOOK_EVERY_MS);
      });
    }, delayMs);
  }

  return {
    add(promptId) {
      until.set(promptId, performance.now() + KEEP_MS);
      schedule(0);
    },
    async close() {
      closing.abort(new Error("The service is shutting down."));
      clearTimeout(timer);
      await sweeping;
    },
  };
}
