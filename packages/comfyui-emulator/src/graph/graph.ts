import { isPythonList, isPythonObject, PythonFloat, type PythonJson } from "../python/values.ts";

/** One node of a validated graph. `inputs` is missing on poisonous nodes only. */
export interface GraphNode {
  readonly classType: string;
  readonly inputs: Readonly<Record<string, unknown>> | undefined;
}

/** A reference to an output of another node. */
export interface Link {
  readonly nodeId: string;
  readonly slot: number;
}

/** Reads a two-element list of id and slot; undefined for every other value, which then is a constant. */
export function toLink(value: unknown): Link | undefined {
  if (!isPythonList(value) || value.length !== 2) return undefined;
  const [nodeId, slot] = value;
  const number = slot instanceof PythonFloat ? slot.value : slot;
  return typeof nodeId === "string" && typeof number === "number" ? { nodeId, slot: number } : undefined;
}

/** The nodes of a graph that passed validation. */
export function toGraphNodes(graph: PythonJson): Map<string, GraphNode> {
  const nodes = new Map<string, GraphNode>();
  if (!isPythonObject(graph)) return nodes;
  for (const [nodeId, node] of Object.entries(graph)) {
    if (!isPythonObject(node)) continue;
    const inputs = isPythonObject(node.inputs) ? node.inputs : undefined;
    nodes.set(nodeId, { classType: String(node.class_type), inputs });
  }
  return nodes;
}
