import { PythonFloat } from "../python/values.ts";
import type { Announcer, Audience, PreviewSource } from "./announcer.ts";

/** Who a node is for people: expanded nodes show under the node that they came from. */
export interface NodeIdentity {
  readonly nodeId: string;
  readonly displayNodeId: string;
  readonly parentNodeId: string | null;
  readonly realNodeId: string;
}

type Amount = number | PythonFloat;

/** The progress of every node of one run. Each change sends the whole picture, as ComfyUI does. */
export interface ProgressBoard {
  start(node: NodeIdentity): void;
  update(node: NodeIdentity, value: number, max: number): void;
  finish(node: NodeIdentity): void;
}

export function createProgressBoard(announcer: Announcer, audience: Audience, promptId: string): ProgressBoard {
  const nodes = new Map<string, { value: Amount; max: Amount; state: "running" | "finished"; node: NodeIdentity }>();

  function publish(): void {
    const shown = new Map<string, unknown>();
    for (const [nodeId, { value, max, state, node }] of nodes) {
      shown.set(nodeId, {
        value,
        max,
        state,
        node_id: nodeId,
        prompt_id: promptId,
        display_node_id: node.displayNodeId,
        parent_node_id: node.parentNodeId,
        real_node_id: node.realNodeId,
      });
    }
    announcer.send(audience, "progress_state", { prompt_id: promptId, nodes: shown });
  }

  return {
    start(node) {
      nodes.set(node.nodeId, { value: new PythonFloat(0), max: new PythonFloat(1), state: "running", node });
      publish();
    },
    update(node, value, max) {
      nodes.set(node.nodeId, { value, max, state: "running", node });
      publish();
    },
    finish(node) {
      // A cached node was never started: it shows as 1 of 1 in integers, a started one as 1.0 of 1.0.
      const max = nodes.get(node.nodeId)?.max ?? 1;
      nodes.set(node.nodeId, { value: max, max, state: "finished", node });
      publish();
    },
  };
}

export function toPreviewSource(node: NodeIdentity, promptId: string): PreviewSource {
  const { nodeId, displayNodeId, parentNodeId, realNodeId } = node;
  return { nodeId, promptId, displayNodeId, parentNodeId, realNodeId };
}
