import { type GraphNode, toLink } from "../graph/graph.ts";
import { isPythonList, isPythonObject, PythonFloat, type PythonJson, toPlain } from "../python/values.ts";
import type { Fingerprint } from "./cache-key.ts";
import type { ExecutorParts } from "./parts.ts";

/** Asks the classes that look at more than their inputs (a file's content); a failure counts as "always changed". */
export async function takeFingerprints(
  parts: Pick<ExecutorParts, "catalogue" | "files">,
  nodeIds: readonly string[],
  nodeOf: (nodeId: string) => GraphNode | undefined,
): Promise<ReadonlyMap<string, Fingerprint>> {
  const fingerprints = new Map<string, Fingerprint>();
  for (const nodeId of nodeIds) {
    const node = nodeOf(nodeId);
    const nodeClass = node === undefined ? undefined : parts.catalogue.nodeClass(node.classType);
    if (node?.inputs === undefined || nodeClass?.fingerprint === undefined) continue;
    const constants = Object.entries(node.inputs).filter(([, value]) => toLink(value) === undefined);
    const inputs = Object.fromEntries(constants.map(([name, value]) => [name, plain(value)]));
    const fingerprint = await nodeClass.fingerprint(inputs, parts.files).catch(() => Number.NaN);
    fingerprints.set(nodeId, fingerprint);
  }
  return fingerprints;
}

/** The graph as it is embedded in files: nodes that were asked for a fingerprint carry it. */
export function withFingerprints(graph: PythonJson, fingerprints: ReadonlyMap<string, Fingerprint>): PythonJson {
  if (!isPythonObject(graph)) return graph;
  const nodes = Object.entries(graph).map(([nodeId, node]) => {
    const fingerprint = fingerprints.get(nodeId);
    if (fingerprint === undefined || !isPythonObject(node)) return [nodeId, node] as const;
    const is_changed = typeof fingerprint === "number" ? new PythonFloat(fingerprint) : [fingerprint];
    return [nodeId, { ...node, is_changed }] as const;
  });
  return Object.fromEntries(nodes);
}

function plain(value: unknown): unknown {
  return isPythonList(value) || isPythonObject(value) || value instanceof PythonFloat ? toPlain(value) : value;
}
