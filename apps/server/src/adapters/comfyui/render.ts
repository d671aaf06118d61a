import type { SubmitOptions } from "@comfy/comfyui";
import type { Graph } from "@comfy/comfyui-contract";
import type { Backend, RenderOptions, RenderOutcome } from "../../generation/backend.ts";
import { follow } from "./follow.ts";
import { lookFor } from "./look-for.ts";
import type { RenderParts } from "./render-parts.ts";
import { stopPrompt } from "./stop-prompt.ts";
import { toRefusal, toRenderOutcome } from "./to-outcome.ts";

type RenderRequest = Parameters<Backend["render"]>[0];

export function createRender(parts: RenderParts): Pick<Backend, "render" | "resume"> {
  return {
    async render(options) {
      const { signal, detach } = options;
      if (signal.aborted) return { type: "interrupted", isSettled: true };
      if (detach.aborted) return { type: "detached" };
      await options.onSent?.();
      return send(parts, options);
    },
    resume: (options) => takeUp(parts, options, { isAcked: options.isAcked ?? false }),
  };
}

async function send(parts: RenderParts, options: RenderRequest): Promise<RenderOutcome> {
  const { promptId, graph, onAccepted, signal, detach } = options;
  const stop = AbortSignal.any([signal, detach]);
  const submitted = await parts.comfy.submit(toRequest(options, stop)).catch((error: unknown) => {
    if (!stop.aborted) throw error;
    return { type: "unsent" as const };
  });
  switch (submitted.type) {
    case "unsent":
      return detach.aborted ? { type: "detached" } : { type: "interrupted", isSettled: true };
    case "refused":
      return toRefusal(submitted);
    case "unreachable":
      return { type: "lost", cause: "never_arrived", message: submitted.error.publicMessage };
    case "accepted":
      await onAccepted();
      return follow(parts, options, graph);
    case "unknown":
      parts.log.warn({ promptId, error: submitted.error.message }, "The answer to a submission was lost.");
      return takeUp(parts, options, { isAcked: false, graph, onAccepted });
  }
}

function toRequest({ promptId, graph, labels, onPreview, assertMaySend }: RenderRequest, signal: AbortSignal) {
  // Newer servers make previews for whom asks; older ones only as they were started.
  const previews = onPreview ? { preview_method: "auto" } : {};
  return {
    promptId,
    graph,
    extraData: { comfy_service: labels, ...previews },
    signal,
    ...(assertMaySend && { onSend: assertMaySend }),
  } satisfies SubmitOptions;
}

interface TakeUp {
  readonly isAcked: boolean;
  readonly graph?: Graph;
  readonly onAccepted?: () => Promise<void>;
}

/** Goes on with a prompt that may or may not be on the server. */
async function takeUp(parts: RenderParts, options: RenderOptions, extra: TakeUp): Promise<RenderOutcome> {
  const found = await lookFor(parts, options, extra.isAcked);
  switch (found) {
    case "found":
      await extra.onAccepted?.();
      return follow(parts, options, extra.graph);
    case "backend_died":
      return { type: "lost", cause: found, message: "The renderer was restarted and forgot the prompt." };
    case "vanished":
      return { type: "lost", cause: found, message: "The renderer does not know the prompt any more." };
    case "never_arrived":
      return { type: "lost", cause: found, message: "The renderer does not know the prompt: it was never queued." };
    case "unreachable":
      return toRenderOutcome({ type: "unreachable", sinceMs: parts.bounds.unreachableAfterMs });
    case "stopped":
      return options.detach.aborted ? { type: "detached" } : stopPrompt(parts, options, extra.graph);
  }
}
