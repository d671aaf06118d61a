import { jobCancelled, type QueueChange } from "@comfy/comfyui-contract";
import { toStatusError } from "./errors.ts";
import type { Finder } from "./find.ts";
import { type Http, parseAnswer } from "./http.ts";
import { toJson } from "./json.ts";
import type { Outcome } from "./outcome.ts";
import { wait } from "./wait.ts";

/** What a cancellation came to. */
export type Cancelled =
  /** It waited and was taken out of the queue: it never ran. */
  | { readonly type: "dequeued" }
  /** It has ended: `interrupted` if we were in time, otherwise with what it came to. */
  | { readonly type: "done"; readonly outcome: Outcome }
  /** It was told to stop but is at work in a node that does not listen. It will end before its next node. */
  | { readonly type: "stopping" }
  /** The server knows nothing of it. After a lost answer it may still appear: cancel again later. */
  | { readonly type: "unknown" };

export interface CancelOptions {
  readonly promptId: string;
  readonly signal?: AbortSignal;
  /** How long to wait for a running prompt to stop. Default 2 000. */
  readonly waitMs?: number;
}

const WAIT_MS = 2_000;
const LOOK_MS = 50;
/** An interrupt that a node swallowed is said again, but not in a storm. */
const REPEAT_MS = 500;

/**
 * Newer servers cancel atomically. On older ones the interrupt names the prompt and is only sent while that prompt runs, so it can
 * never stop a stranger's.
 */
export function createCancel(http: Http, finder: Finder) {
  let hasJobs: boolean | undefined;

  async function post(path: string, body: unknown, signal: AbortSignal | undefined): Promise<void> {
    const { status, text } = await http.send({ method: "POST", path, body: toJson(body), signal });
    if (status !== 200) throw toStatusError(status, `POST ${path}`, text);
  }

  /** True when the server has the jobs API; it has then done what could be done. */
  async function cancelJob(promptId: string, signal: AbortSignal | undefined): Promise<boolean> {
    if (hasJobs === false) return false;
    const path = `/api/jobs/${encodeURIComponent(promptId)}/cancel`;
    const { status, text } = await http.send({ method: "POST", path, signal });
    hasJobs = status === 200;
    if (hasJobs) parseAnswer(jobCancelled, text, `POST ${path}`);
    return hasJobs;
  }

  async function dequeue(promptId: string, signal: AbortSignal | undefined): Promise<void> {
    if (await cancelJob(promptId, signal)) return;
    await post("/queue", { delete: [promptId] } satisfies QueueChange, signal);
  }

  async function interrupt(promptId: string, signal: AbortSignal | undefined): Promise<void> {
    if (await cancelJob(promptId, signal)) return;
    await post("/interrupt", { prompt_id: promptId }, signal);
  }

  return async function cancel({ promptId, signal, waitMs = WAIT_MS }: CancelOptions): Promise<Cancelled> {
    const startedAt = performance.now();
    let wasSeen: "queued" | "running" | undefined;
    let repeatAt = 0;
    for (;;) {
      signal?.throwIfAborted();
      const now = performance.now();
      const state = await finder.find(promptId, { notBefore: now, signal });
      if (state.type === "done") return state;
      if (state.type === "unknown") return { type: wasSeen === "queued" ? "dequeued" : "unknown" };
      wasSeen = state.type;
      if (now - startedAt >= waitMs && repeatAt) return { type: "stopping" };
      if (now >= repeatAt) {
        await (state.type === "queued" ? dequeue(promptId, signal) : interrupt(promptId, signal));
        repeatAt = now + REPEAT_MS;
      } else await wait(LOOK_MS, signal);
    }
  };
}
