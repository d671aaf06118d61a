import { createHeap } from "./heap.ts";
import { comesBefore, type QueueItem } from "./queue-item.ts";

/** What waits and what runs. Every change is told, because every change is a `status` message. */
export interface PromptQueue {
  readonly pending: readonly QueueItem[];
  readonly running: readonly QueueItem[];
  /** Waiting plus running. */
  remaining(): number;
  /** @throws TypeError when the item cannot be ordered; it is queued all the same. */
  put(item: QueueItem): void;
  /** The next item, moved to `running`; waits for one. Rejects with the signal's reason. */
  take(signal: AbortSignal): Promise<QueueItem>;
  /** Takes a finished item out of `running`; `record` runs in the same moment, so nobody sees it in neither place. */
  finish(item: QueueItem, record: () => void): void;
  remove(promptId: string): boolean;
  clear(): void;
}

export function createPromptQueue(onChange: () => void): PromptQueue {
  const heap = createHeap(comesBefore);
  const running: QueueItem[] = [];
  let wake: (() => void) | undefined;

  function clear(): void {
    heap.clear();
    onChange();
  }

  return {
    pending: heap.items,
    running,
    remaining: () => heap.items.length + running.length,
    put(item) {
      heap.push(item);
      onChange();
      wake?.();
    },
    async take(signal) {
      for (;;) {
        signal.throwIfAborted();
        const item = heap.pop();
        if (item !== undefined) {
          running.push(item);
          onChange();
          return item;
        }
        await nextItem(signal);
      }
    },
    finish(item, record) {
      const index = running.indexOf(item);
      if (index >= 0) running.splice(index, 1);
      record();
      onChange();
    },
    remove(promptId) {
      const { length } = heap.items;
      const removed = heap.remove((item) => item.promptId === promptId);
      if (removed === undefined) return false;
      // Emptying the queue this way is told twice.
      if (length === 1) onChange();
      onChange();
      return true;
    },
    clear,
  };

  function nextItem(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void => reject(signal.reason);
      signal.addEventListener("abort", onAbort, { once: true });
      wake = () => {
        signal.removeEventListener("abort", onAbort);
        wake = undefined;
        resolve();
      };
    });
  }
}
