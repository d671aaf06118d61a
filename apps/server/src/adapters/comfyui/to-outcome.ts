import {
  type Ended,
  type Failure,
  type GraphProblem,
  isOutOfMemory,
  readOutputs,
  type Submitted,
} from "@comfy/comfyui";
import type { Graph } from "@comfy/comfyui-contract";
import type { LostCause, RenderedFile, RenderOutcome } from "../../generation/backend.ts";

const PROBLEMS_IN_SENTENCE = 3;

const describeNode = (nodeType: string, nodeId: string): string =>
  nodeType ? `The node ${nodeType} ("${nodeId}")` : `The node "${nodeId}"`;

function toFailed(failure: Failure): RenderOutcome {
  const { nodeId, nodeType, exceptionType, exceptionMessage } = failure;
  const [reason = ""] = exceptionMessage.split("\n");
  const what = [exceptionType, reason].filter(Boolean).join(": ");
  if (isOutOfMemory(failure)) {
    return { type: "out_of_memory", message: `${describeNode(nodeType, nodeId)} ran out of GPU memory.` };
  }
  const message = nodeId ? `${describeNode(nodeType, nodeId)} failed: ${what}` : `The render failed: ${what}`;
  return { type: "failed", message, details: { nodeId, nodeType, exceptionType, exceptionMessage } };
}

function toFiles(outputs: Parameters<typeof readOutputs>[0], graph: Graph | undefined): RenderedFile[] {
  return readOutputs(outputs, graph).flatMap((value) =>
    value.type === "file"
      ? [{ node: value.node, index: value.index, name: value.file.filename, reference: { ...value.file } }]
      : [],
  );
}

/** How following a prompt ended, in our words. */
export function toRenderOutcome(ended: Ended, graph?: Graph, cause: LostCause = "vanished"): RenderOutcome {
  switch (ended.type) {
    case "succeeded":
      return { type: "succeeded", files: toFiles(ended.outputs, graph) };
    case "failed":
      return toFailed(ended);
    case "interrupted":
      return { type: "interrupted", isSettled: true };
    case "vanished":
      return { type: "lost", cause, message: "The renderer was restarted or forgot the prompt." };
    case "unreachable":
      return {
        type: "unreachable",
        message: `The renderer has not answered for ${Math.round(ended.sinceMs / 1000)} seconds.`,
      };
  }
}

const describeProblem = ({ nodeId, classType, input, message, details }: GraphProblem): string =>
  `${describeNode(classType, nodeId)}${input ? `, input ${input}` : ""}: ${message}${details ? ` (${details})` : ""}`;

/** A graph that the server would not take: sending it again gives the same. */
export function toRefusal({ message, reason, problems }: Extract<Submitted, { type: "refused" }>): RenderOutcome {
  const first = problems.slice(0, PROBLEMS_IN_SENTENCE).map(describeProblem).join("; ");
  return {
    type: "failed",
    message: `The renderer refused the graph: ${first || message}`,
    details: { reason, message, problems },
  };
}
