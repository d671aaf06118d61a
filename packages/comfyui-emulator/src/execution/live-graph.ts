import { type GraphNode, toLink } from "../graph/graph.ts";
import type { NodeIdentity } from "./progress.ts";

interface LiveNode extends GraphNode {
  readonly identity: NodeIdentity;
}

/** The graph of one run, with the nodes that expanded out of others. */
export interface LiveGraph {
  get(nodeId: string): LiveNode | undefined;
  ids(): readonly string[];
  sourcesOf(nodeId: string): readonly string[];
  identityOf(nodeId: string): NodeIdentity;
  /** Puts a subgraph in under the node's id; returns the new ids and its outputs with links renamed to them. */
  expand(parentId: string, graph: Readonly<Record<string, unknown>>, outputs: readonly unknown[]): Expansion;
}

export interface Expansion {
  readonly nodeIds: readonly string[];
  readonly outputs: readonly unknown[];
}

export function createLiveGraph(nodes: ReadonlyMap<string, GraphNode>): LiveGraph {
  const live = new Map<string, LiveNode>();
  for (const [nodeId, node] of nodes) live.set(nodeId, { ...node, identity: ownIdentity(nodeId) });

  return {
    get: (nodeId) => live.get(nodeId),
    ids: () => [...live.keys()],
    // Links of inputs that the class does not declare were never validated: they may point nowhere.
    sourcesOf: (nodeId) =>
      Object.values(live.get(nodeId)?.inputs ?? {}).flatMap((value) => {
        const source = toLink(value)?.nodeId;
        return source !== undefined && live.has(source) ? [source] : [];
      }),
    identityOf: (nodeId) => live.get(nodeId)?.identity ?? ownIdentity(nodeId),
    expand(parentId, graph, outputs) {
      const prefix = `${parentId}.0.0.`;
      const rename = (value: unknown): unknown => {
        const link = toLink(value);
        return link !== undefined && Object.hasOwn(graph, link.nodeId) ? [prefix + link.nodeId, link.slot] : value;
      };
      const display = live.get(parentId)?.identity.displayNodeId ?? parentId;
      const nodeIds = Object.entries(graph).map(([localId, node]) => {
        const nodeId = prefix + localId;
        const { classType, inputs } = toSubgraphNode(node);
        const renamed = Object.fromEntries(Object.entries(inputs).map(([name, value]) => [name, rename(value)]));
        const identity = { nodeId, displayNodeId: display, parentNodeId: parentId, realNodeId: display };
        live.set(nodeId, { classType, inputs: renamed, identity });
        return nodeId;
      });
      return { nodeIds, outputs: outputs.map(rename) };
    },
  };
}

function ownIdentity(nodeId: string): NodeIdentity {
  return { nodeId, displayNodeId: nodeId, parentNodeId: null, realNodeId: nodeId };
}

/** Reads `{class_type, inputs}` as a node class wrote it. */
function toSubgraphNode(node: unknown): { classType: string; inputs: Readonly<Record<string, unknown>> } {
  const isNode = typeof node === "object" && node !== null && "class_type" in node && "inputs" in node;
  if (!isNode || typeof node.inputs !== "object" || node.inputs === null) {
    throw new Error('an expanded node needs "class_type" and "inputs"');
  }
  return { classType: String(node.class_type), inputs: { ...node.inputs } };
}
