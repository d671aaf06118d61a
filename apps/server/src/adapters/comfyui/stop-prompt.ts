import type { Graph } from "@comfy/comfyui-contract";
import type { RenderOptions, RenderOutcome } from "../../generation/backend.ts";
import type { RenderParts } from "./render-parts.ts";
import { toRenderOutcome } from "./to-outcome.ts";

/** Cancels by id. Success that is already in the history wins; a node that does not listen is not waited for beyond the bound. */
export async function stopPrompt(parts: RenderParts, options: RenderOptions, graph?: Graph): Promise<RenderOutcome> {
  const { comfy, log, bounds } = parts;
  const { promptId, detach } = options;
  const signal = AbortSignal.any([detach, AbortSignal.timeout(bounds.cancelMs + bounds.cancelMs / 2)]);
  try {
    const cancelled = await comfy.cancel({ promptId, signal, waitMs: bounds.cancelMs });
    if (cancelled.type === "done") return toRenderOutcome(cancelled.outcome, graph);
    return { type: "interrupted", isSettled: cancelled.type === "dequeued" };
  } catch (error) {
    if (detach.aborted) return { type: "detached" };
    log.warn({ promptId, error: String(error) }, "A prompt could not be cancelled yet.");
    return { type: "interrupted", isSettled: false };
  }
}
