import { setTimeout } from "node:timers/promises";
import type { NodeContext, Preview } from "../node.ts";
import { isPythonObject } from "../python/values.ts";
import type { Audience } from "./announcer.ts";
import type { Fingerprint } from "./cache-key.ts";
import { Interrupted } from "./failures.ts";
import { withFingerprints } from "./fingerprints.ts";
import type { ExecutorParts, RunWish } from "./parts.ts";
import { type NodeIdentity, type ProgressBoard, toPreviewSource } from "./progress.ts";

export interface ContextParts {
  readonly nodeId: string;
  readonly identity: NodeIdentity;
  readonly audience: Audience;
  readonly board: ProgressBoard;
  readonly fingerprints: ReadonlyMap<string, Fingerprint>;
}

/** What one node gets to work with. */
export function createNodeContext(parts: ExecutorParts, wish: RunWish, own: ContextParts): NodeContext {
  const { announcer } = parts;
  const { item, extraData, signal } = wish;
  const { nodeId, identity, audience, board } = own;
  const pngInfo = extraData.extra_pnginfo;

  async function progress(value: number, max: number, preview?: Preview): Promise<void> {
    board.update(identity, value, max);
    const isEarly = announcer.wantsMetadata(audience);
    const show = (): void => {
      if (preview !== undefined) announcer.preview(audience, toPreviewSource(identity, item.promptId), preview);
    };
    if (isEarly) show();
    announcer.send(audience, "progress", { value, max, prompt_id: item.promptId, node: nodeId });
    if (!isEarly) show();
    // A step takes time even when simulated time is free: requests must get their turn, or nobody could interrupt.
    await new Promise((resolve) => setImmediate(resolve));
    signal.throwIfAborted();
    if (wish.isInterrupted()) throw new Interrupted();
  }

  return {
    nodeId,
    promptId: item.promptId,
    prompt: withFingerprints(item.graph, own.fingerprints),
    extraPngInfo: isPythonObject(pngInfo) ? pngInfo : undefined,
    files: parts.files,
    wantsPreviews: parts.wantsPreviews(extraData),
    signal,
    progress,
    text: (message) => announcer.text(audience, nodeId, message),
    work: async (milliseconds) => {
      const waitMs = Math.round(milliseconds / parts.speed);
      if (waitMs > 0) await setTimeout(waitMs, undefined, { signal });
    },
  };
}
