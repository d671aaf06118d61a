import {
  type HistoryEntry,
  historyEntry,
  type QueueItem,
  type QueueSnapshot,
  queueSnapshot,
  toExecutionOrder,
} from "@comfy/comfyui-contract";
import * as z from "zod";
import { ComfyUiError } from "./errors.ts";
import type { Http } from "./http.ts";
import { type Outcome, toOutcome } from "./outcome.ts";

/** Where a prompt is. */
export type PromptState =
  | { readonly type: "running"; readonly graph: unknown }
  /** `position` prompts go before it, the running one included; `running` is the id of that one, absent when nothing runs. */
  | { readonly type: "queued"; readonly position: number; readonly running?: string; readonly graph: unknown }
  | { readonly type: "done"; readonly outcome: Outcome }
  /** Never accepted, deleted, evicted, or forgotten in a restart. Right after a lost answer it may still be about to appear. */
  | { readonly type: "unknown" };

export interface Finder {
  /**
   * Looks at the queue, then at the history: in the other order a prompt that ends in between is missed.
   * @param options.notBefore a look at the queue that began earlier (`performance.now()`) is not used
   */
  find(promptId: string, options: { notBefore: number; signal?: AbortSignal | undefined }): Promise<PromptState>;
  /** The outcome, or undefined when it is not in the history (yet). */
  readHistory(promptId: string, signal?: AbortSignal): Promise<Outcome | undefined>;
}

// Only the entry asked for is looked at, and it is parsed alone.
const historyAnswer = z.record(z.string(), z.unknown());

const isPrompt = (promptId: string) => (item: QueueItem) => item[1] === promptId;

function readQueue(snapshot: QueueSnapshot, promptId: string): PromptState | undefined {
  const running = snapshot.queue_running.find(isPrompt(promptId));
  if (running) return { type: "running", graph: running[2] };
  const pending = toExecutionOrder(snapshot.queue_pending);
  const index = pending.findIndex(isPrompt(promptId));
  if (index < 0) return undefined;
  const first = snapshot.queue_running[0]?.[1];
  return {
    type: "queued",
    position: snapshot.queue_running.length + index,
    graph: pending[index]?.[2],
    ...(first === undefined ? {} : { running: String(first) }),
  };
}

/** @param shareMs how old a look at the queue may be to serve several prompts, which are all followed by the same client */
export function createFinder(http: Http, shareMs: number): Finder {
  let last: { startedAt: number; snapshot: Promise<QueueSnapshot> } | undefined;

  // The queue holds the full graphs of everybody, so a hundred followed prompts share one look. The shared look has its own deadline
  // and no caller's signal: one caller who leaves must not blind the others.
  function lookAtQueue(notBefore: number): Promise<QueueSnapshot> {
    const now = performance.now();
    if (last && last.startedAt >= notBefore && now - last.startedAt <= shareMs) return last.snapshot;
    const snapshot = http.read(queueSnapshot, { method: "GET", path: "/queue" });
    last = { startedAt: now, snapshot };
    snapshot.catch(() => {
      if (last?.snapshot === snapshot) last = undefined;
    });
    return snapshot;
  }

  const readHistory: Finder["readHistory"] = async (promptId, signal) => {
    const path = `/history/${encodeURIComponent(promptId)}`;
    const answer = await http.read(historyAnswer, { method: "GET", path, signal });
    if (!Object.hasOwn(answer, promptId)) return undefined;
    const entry = historyEntry.safeParse(answer[promptId]);
    if (entry.success) return toOutcome(entry.data satisfies HistoryEntry);
    throw new ComfyUiError("unreadable", `GET ${path}: unexpected entry (${entry.error.issues[0]?.message}).`);
  };

  return {
    readHistory,
    async find(promptId, { notBefore, signal }) {
      const state = readQueue(await lookAtQueue(notBefore), promptId);
      signal?.throwIfAborted();
      if (state) return state;
      const outcome = await readHistory(promptId, signal);
      return outcome ? { type: "done", outcome } : { type: "unknown" };
    },
  };
}
