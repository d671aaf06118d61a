import { setTimeout } from "node:timers/promises";
import type { Announcer } from "../execution/announcer.ts";
import type { Executor } from "../execution/executor.ts";
import { WorkerDeath } from "../execution/failures.ts";
import { isPythonObject } from "../python/values.ts";
import type { History } from "../queue/history.ts";
import type { PromptQueue } from "../queue/prompt-queue.ts";
import type { QueueItem } from "../queue/queue-item.ts";
import type { RenderLog } from "../queue/render-log.ts";

export interface WorkerParts {
  readonly queue: PromptQueue;
  readonly history: History;
  readonly executor: Executor;
  readonly announcer: Announcer;
  readonly log: RenderLog;
  /** Applies `/free` requests once a prompt is done. */
  readonly settle: () => void;
  /** How long history lags behind `execution_success`. */
  readonly historyLagMs: () => number;
  /** True when a fault wants the thread to die of this item. */
  readonly diesOf: (item: QueueItem) => boolean;
  /** Told when the thread dies: one sentence. */
  readonly onDeath: (reason: string) => void;
}

/** The one thread that runs prompts. Resolves when it dies or the server stops; nothing starts it again. */
export async function runWorker(parts: WorkerParts, signal: AbortSignal): Promise<void> {
  try {
    while (!signal.aborted) await runNext(parts, signal);
  } catch (error) {
    if (signal.aborted) return;
    parts.onDeath(`the worker thread died: ${error instanceof Error ? error.message : String(error)}`);
  }
}

async function runNext(parts: WorkerParts, signal: AbortSignal): Promise<void> {
  const { queue, history, executor, announcer, log } = parts;
  const item = await queue.take(signal);
  if (parts.diesOf(item)) throw new WorkerDeath("a fault asked for it");
  const startedAt = Date.now();
  const record = await executor.run(item, signal);
  // `execution_success` is out, the history entry is not there yet: readers can fall into this gap.
  await setTimeout(parts.historyLagMs(), undefined, { signal });
  queue.finish(item, () => {
    history.add(item, record);
    log.finished(item, record, startedAt);
  });
  const clientId = isPythonObject(item.extraData) ? item.extraData.client_id : undefined;
  if (typeof clientId === "string") {
    announcer.send({ clientId }, "executing", { node: null, prompt_id: item.promptId });
  }
  parts.settle();
}
