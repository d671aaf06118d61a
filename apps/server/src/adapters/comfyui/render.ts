import { setTimeout } from "node:timers/promises";
import { type ComfyUi, ComfyUiError, type Ended, type PromptEvent } from "@comfy/comfyui";
import type { Graph } from "@comfy/comfyui-contract";
import type { JobProgress } from "@comfy/contracts";
import type { Clock } from "../../clock.ts";
import type { Backend, RenderOptions, RenderOutcome } from "../../generation/backend.ts";
import type { Log } from "../../log.ts";
import type { Orphanage } from "./orphanage.ts";
import { toRefusal, toRenderOutcome } from "./to-outcome.ts";

export interface RenderBounds {
  /** How long a server may be out of reach before its prompt is given to another. */
  readonly unreachableAfterMs: number;
  /** How long a running prompt may be silent before its server's worker is taken for dead. */
  readonly stalledAfterMs: number;
  /** How long a prompt that may have been sent is looked for. */
  readonly graceMs: number;
  /** How long a cancelled prompt is waited for; afterwards it is abandoned to the orphanage. */
  readonly cancelMs: number;
}

export interface RenderParts {
  readonly comfy: ComfyUi;
  readonly orphanage: Orphanage;
  readonly log: Log;
  readonly clock: Clock;
  readonly bounds: RenderBounds;
}

const LOOK_EVERY_MS = 250;

type Found = "found" | "lost" | "stopped" | "unreachable";

function toProgress(event: Extract<PromptEvent, { type: "progress" }>): JobProgress {
  const { overall, node, step, steps } = event;
  return { value: overall, node, ...(steps > 1 && { step, steps }) };
}

export function createRender(parts: RenderParts): Pick<Backend, "render" | "resume"> {
  return {
    async render(options) {
      const { promptId, graph, labels, onSent, onAccepted, signal, detach } = options;
      if (signal.aborted) return { type: "interrupted" };
      if (detach.aborted) return { type: "detached" };
      await onSent();
      const stop = AbortSignal.any([signal, detach]);
      const request = { promptId, graph, extraData: { comfy_service: labels }, signal: stop };
      const submitted = await parts.comfy.submit(request).catch((error: unknown) => {
        if (!stop.aborted) throw error;
        return { type: "unsent" as const };
      });
      switch (submitted.type) {
        case "unsent":
          return { type: detach.aborted ? "detached" : "interrupted" };
        case "refused":
          return toRefusal(submitted);
        case "unreachable":
          return { type: "lost", message: submitted.error.publicMessage };
        case "accepted":
          await onAccepted();
          return followToEnd(parts, options, graph);
        case "unknown":
          parts.log.warn({ promptId, error: submitted.error.message }, "The answer to a submission was lost.");
          return takeUp(parts, options, { graph, onAccepted });
      }
    },
    resume: (options) => takeUp(parts, options, {}),
  };
}

interface TakeUp {
  readonly graph?: Graph;
  readonly onAccepted?: () => Promise<void>;
}

/** Goes on with a prompt that may or may not be on the server. */
async function takeUp(parts: RenderParts, options: TakeUpOptions, extra: TakeUp): Promise<RenderOutcome> {
  const found = await lookFor(parts, options);
  switch (found) {
    case "found":
      await extra.onAccepted?.();
      return followToEnd(parts, options, extra.graph);
    case "lost":
      // It may still appear, long after we stopped looking.
      parts.orphanage.add(options.promptId);
      return { type: "lost", message: "The renderer does not know the prompt: it was never queued, or forgotten." };
    case "unreachable":
      parts.orphanage.add(options.promptId);
      return toRenderOutcome({ type: "unreachable", sinceMs: parts.bounds.unreachableAfterMs });
    case "stopped":
      return options.detach.aborted ? { type: "detached" } : stopPrompt(parts, options);
  }
}

type TakeUpOptions = Parameters<Backend["resume"]>[0];

/** A boot of the server that is not the one the prompt was sent to has forgotten it: then there is nothing to wait for. */
async function wasRestarted({ comfy }: RenderParts, { backendEpoch }: TakeUpOptions, signal: AbortSignal) {
  return backendEpoch !== undefined && (await comfy.bootEpoch(signal)) !== backendEpoch;
}

async function lookFor(parts: RenderParts, options: TakeUpOptions): Promise<Found> {
  const { comfy, clock, bounds, log } = parts;
  const { promptId, signal, detach } = options;
  const stop = AbortSignal.any([signal, detach]);
  const startedAtMs = clock.monotonicMs();
  let lostAtMs: number | undefined;
  while (!stop.aborted) {
    try {
      if ((await comfy.find(promptId, stop)).type !== "unknown") return "found";
      lostAtMs = undefined;
      if (await wasRestarted(parts, options, stop)) return "lost";
      if (clock.monotonicMs() - startedAtMs >= bounds.graceMs) return "lost";
    } catch (error) {
      if (stop.aborted) break;
      if (!(error instanceof ComfyUiError) || error.code === "closed") throw error;
      if (lostAtMs === undefined) log.warn({ promptId, error: error.message }, "A prompt cannot be looked for.");
      lostAtMs ??= clock.monotonicMs();
      if (clock.monotonicMs() - lostAtMs >= bounds.unreachableAfterMs) return "unreachable";
    }
    await setTimeout(LOOK_EVERY_MS, undefined, { signal: stop }).catch(() => {});
  }
  return "stopped";
}

/** Follows a prompt that is on the server, until it ends, is to stop, is let go, or its server's worker seems dead. */
async function followToEnd(parts: RenderParts, options: RenderOptions, graph?: Graph): Promise<RenderOutcome> {
  const { comfy, orphanage, log, bounds } = parts;
  const { promptId, onProgress, signal, detach } = options;
  const stalled = new AbortController();
  const stop = AbortSignal.any([signal, detach, stalled.signal]);
  try {
    const ended = await comfy.follow({
      promptId,
      signal: stop,
      unreachableAfterMs: bounds.unreachableAfterMs,
      stalledAfterMs: bounds.stalledAfterMs,
      onEvent: (event) => {
        if (event.type === "progress") onProgress(toProgress(event));
        if (event.type === "stalled") stalled.abort();
      },
    });
    if (ended.type === "unreachable") orphanage.add(promptId);
    return toRenderOutcome(ended, graph);
  } catch (error) {
    if (!stop.aborted) throw error;
    if (detach.aborted) return { type: "detached" };
    if (signal.aborted) return stopPrompt(parts, options, graph);
    log.error(
      { promptId, quietMs: bounds.stalledAfterMs },
      "The renderer has long been silent: it may need a restart.",
    );
    const stopped = await stopPrompt(parts, options, graph);
    if (stopped.type !== "interrupted") return stopped;
    return { type: "lost", message: "The renderer stopped working on the prompt." };
  }
}

/** Cancels by id. Success that is already in the history wins; a node that does not listen is not waited for beyond the bound. */
async function stopPrompt(parts: RenderParts, options: RenderOptions, graph?: Graph): Promise<RenderOutcome> {
  const { comfy, orphanage, log, bounds } = parts;
  const { promptId, detach } = options;
  const signal = AbortSignal.any([detach, AbortSignal.timeout(bounds.cancelMs + bounds.cancelMs / 2)]);
  try {
    const cancelled = await comfy.cancel({ promptId, signal, waitMs: bounds.cancelMs });
    if (cancelled.type === "done") return toRenderOutcome(cancelled.outcome satisfies Ended, graph);
    if (cancelled.type !== "dequeued") orphanage.add(promptId);
  } catch (error) {
    if (detach.aborted) return { type: "detached" };
    log.warn({ promptId, error: String(error) }, "A prompt could not be cancelled yet.");
    orphanage.add(promptId);
  }
  return { type: "interrupted" };
}
