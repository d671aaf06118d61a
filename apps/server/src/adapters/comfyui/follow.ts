import type { Ended, PromptEvent } from "@comfy/comfyui";
import type { Graph } from "@comfy/comfyui-contract";
import type { RenderOptions, RenderOutcome, RenderProgress } from "../../generation/backend.ts";
import { wasRestarted } from "./look-for.ts";
import type { RenderParts } from "./render-parts.ts";
import { stopPrompt } from "./stop-prompt.ts";
import { toRenderOutcome } from "./to-outcome.ts";

const PREVIEW_EVERY_MS = 1_000;
const EPOCH_TIMEOUT_MS = 5_000;

type Stall = Extract<PromptEvent, { type: "stalled" }>;

function toProgress(event: Extract<PromptEvent, { type: "progress" }>): RenderProgress {
  const { overall, node, step, steps } = event;
  return { value: overall, node, ...(steps > 1 && { step, steps }) };
}

/** Passes on what callers hear of a render. */
function createListener({ onProgress, onPreview, onRunning }: RenderOptions, onStalled: (stall: Stall) => void) {
  let previewedAtMs = Number.NEGATIVE_INFINITY;
  return (event: PromptEvent): void => {
    switch (event.type) {
      case "running":
        onRunning?.();
        break;
      case "progress":
        onProgress(toProgress(event));
        break;
      case "stalled":
        onStalled(event);
        break;
      case "preview": {
        const nowMs = performance.now();
        if (!onPreview || nowMs - previewedAtMs < PREVIEW_EVERY_MS) return;
        previewedAtMs = nowMs;
        onPreview({ mediaType: event.mediaType, bytes: event.bytes });
      }
    }
  };
}

/** Follows a prompt that is on the server, until it ends, is to stop, is let go, or its server's worker seems dead. */
export async function follow(parts: RenderParts, options: RenderOptions, graph?: Graph): Promise<RenderOutcome> {
  const { comfy, watch, bounds } = parts;
  const { promptId, signal, detach, outputNodes } = options;
  const stalled = new AbortController();
  let stall: (Stall & { readonly wasRunning: boolean }) | undefined;
  let isRunning = false;
  const listener = createListener(options, (event) => {
    stall ??= { ...event, wasRunning: isRunning };
    stalled.abort(new Error("Nothing was heard for too long."));
  });
  const stop = AbortSignal.any([signal, detach, stalled.signal, watch.signal]);
  try {
    const ended = await comfy.follow({
      promptId,
      signal: stop,
      unreachableAfterMs: bounds.unreachableAfterMs,
      stalledAfterMs: bounds.stalledAfterMs,
      idleAfterMs: bounds.idleAfterMs,
      ...(outputNodes && { outputNodes }),
      onEvent(event) {
        isRunning ||= event.type === "running";
        listener(event);
      },
    });
    return await toEnding(parts, options, ended, graph);
  } catch (error) {
    if (!stop.aborted) throw error;
    if (detach.aborted) return { type: "detached" };
    if (signal.aborted) return stopPrompt(parts, options, graph);
    return leaveStalled(parts, options, stall, graph);
  }
}

async function toEnding(parts: RenderParts, options: RenderOptions, ended: Ended, graph: Graph | undefined) {
  if (ended.type !== "vanished") return toRenderOutcome(ended, graph);
  const late = AbortSignal.any([options.detach, AbortSignal.timeout(EPOCH_TIMEOUT_MS)]);
  const hasDied = await wasRestarted(parts, options.backendEpoch, late).catch(() => false);
  return toRenderOutcome(ended, graph, hasDied ? "backend_died" : "vanished");
}

/**
 * Gives a prompt up whose server does not work on it. One that can still be interrupted was only slow to speak: then the worker lives, and
 * this prompt alone goes elsewhere.
 */
async function leaveStalled(
  parts: RenderParts,
  options: RenderOptions,
  stall: (Stall & { readonly wasRunning: boolean }) | undefined,
  graph: Graph | undefined,
): Promise<RenderOutcome> {
  const { watch, log } = parts;
  const { promptId } = options;
  if (stall?.isCertain) watch.declareDead("Prompts wait although nothing runs.");
  const stopped = await stopPrompt(parts, options, graph);
  if (stopped.type !== "interrupted") return stopped;
  const isObedient = stall?.wasRunning && stopped.isSettled;
  if (stall)
    log.warn({ promptId, quietMs: stall.quietMs, isObedient }, "A prompt was silent for too long and is given up.");
  if (!isObedient) watch.declareDead("What runs is silent and cannot be interrupted.");
  return { type: "lost", cause: "stalled", message: "The renderer stopped working on the prompt." };
}
