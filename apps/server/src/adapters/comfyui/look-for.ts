import { setTimeout } from "node:timers/promises";
import { ComfyUiError } from "@comfy/comfyui";
import type { LostCause, RenderOptions } from "../../generation/backend.ts";
import type { RenderParts } from "./render-parts.ts";

const LOOK_EVERY_MS = 250;
/** The server may be between two states: one look in which a prompt is missing proves nothing. */
const MISSING_LOOKS = 2;

export type Found = "found" | Exclude<LostCause, "stalled"> | "stopped" | "unreachable";

/** A boot of the server that is not the one the prompt was sent to has forgotten it: then there is nothing to wait for. */
export async function wasRestarted(
  { comfy }: Pick<RenderParts, "comfy">,
  backendEpoch: string | undefined,
  signal: AbortSignal,
): Promise<boolean> {
  return backendEpoch !== undefined && (await comfy.bootEpoch(signal, { isFresh: true })) !== backendEpoch;
}

/**
 * Looks for a prompt that an earlier process sent, or whose answer was lost. One that the server is known to have had is missed at once;
 * a request that may still be under way there is waited for.
 */
export async function lookFor(parts: RenderParts, options: RenderOptions, isAcked: boolean): Promise<Found> {
  const { comfy, clock, bounds, log } = parts;
  const { promptId, signal, detach, backendEpoch } = options;
  const stop = AbortSignal.any([signal, detach]);
  const startedAtMs = clock.monotonicMs();
  let lostAtMs: number | undefined;
  let missing = 0;
  while (!stop.aborted) {
    try {
      if ((await comfy.find(promptId, stop)).type !== "unknown") return "found";
      missing += 1;
      lostAtMs = undefined;
      if (await wasRestarted(parts, backendEpoch, stop)) return "backend_died";
      if (isAcked && missing >= MISSING_LOOKS) return "vanished";
      if (!isAcked && clock.monotonicMs() - startedAtMs >= bounds.graceMs) return "never_arrived";
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
