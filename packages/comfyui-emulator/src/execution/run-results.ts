import { type GraphNode, toLink } from "../graph/graph.ts";
import type { NodeInputs, NodeResult } from "../node.ts";
import { isPythonObject, type PythonJson, toPlain } from "../python/values.ts";
import type { CachedResult, ResultCache, UiResult } from "./cache.ts";
import { createKeys, type Fingerprint, type KeyOf } from "./cache-key.ts";
import type { LiveGraph } from "./live-graph.ts";

/** What the nodes of one run have produced, together with what the cache still knows. */
export interface RunResults {
  /** Names every node's result anew: at the start, and when the graph has grown. */
  name(fingerprints: ReadonlyMap<string, Fingerprint>): void;
  /** Lets the cache drop what this graph does not need. */
  enter(nodeIds: readonly string[]): void;
  /** A result of this run, or of an earlier one. */
  get(nodeId: string): CachedResult | undefined;
  keep(nodeId: string, result: Pick<NodeResult, "outputs" | "ui">, childIds?: readonly string[]): void;
  /** A constant as it is, a link as the value at its other end. */
  resolve(value: unknown): unknown;
  resolveInputs(node: GraphNode): NodeInputs;
  /** `outputs` and `meta` of the history entry: what these nodes and their children show. */
  show(nodeIds: readonly string[]): { outputs: Record<string, unknown>; meta: Record<string, unknown> };
}

export function createRunResults(graph: LiveGraph, cache: ResultCache): RunResults {
  const done = new Map<string, CachedResult>();
  let keyOf: KeyOf = () => undefined;

  function get(nodeId: string): CachedResult | undefined {
    const key = keyOf(nodeId);
    return done.get(nodeId) ?? (key === undefined ? undefined : cache.get(key));
  }

  function resolve(value: unknown): unknown {
    const link = toLink(value);
    if (link === undefined) return isJsonLike(value) ? toPlain(value) : value;
    return get(link.nodeId)?.outputs.at(link.slot) ?? null;
  }

  return {
    name: (fingerprints) => {
      keyOf = createKeys(graph.get, fingerprints);
    },
    enter: (nodeIds) => cache.enter(new Set(nodeIds.flatMap((nodeId) => keyOf(nodeId) ?? []))),
    get,
    resolve,
    resolveInputs: (node) =>
      Object.fromEntries(Object.entries(node.inputs ?? {}).map(([name, value]) => [name, resolve(value)])),
    keep(nodeId, result, childIds = []) {
      const { displayNodeId, parentNodeId, realNodeId } = graph.identityOf(nodeId);
      const meta = {
        node_id: nodeId,
        display_node: displayNodeId,
        parent_node: parentNodeId,
        real_node_id: realNodeId,
      };
      const ui = result.ui === undefined ? undefined : { meta, output: result.ui };
      const kept = { outputs: result.outputs, ui, children: collectChildren(childIds, done) };
      done.set(nodeId, kept);
      const key = keyOf(nodeId);
      if (key !== undefined) cache.set(key, kept);
    },
    show: (nodeIds) => showResults(nodeIds, get),
  };
}

function collectChildren(childIds: readonly string[], done: ReadonlyMap<string, CachedResult>): Map<string, UiResult> {
  const children = new Map<string, UiResult>();
  for (const childId of childIds) {
    const child = done.get(childId);
    if (child?.ui !== undefined) children.set(childId, child.ui);
    for (const [nodeId, ui] of child?.children ?? []) children.set(nodeId, ui);
  }
  return children;
}

/** Own nodes first, then the children that some of them expanded to. */
function showResults(
  nodeIds: readonly string[],
  get: (nodeId: string) => CachedResult | undefined,
): { outputs: Record<string, unknown>; meta: Record<string, unknown> } {
  const own = nodeIds.map((nodeId) => [nodeId, get(nodeId)] as const);
  const shown = own.flatMap(([nodeId, result]) => (result?.ui === undefined ? [] : [[nodeId, result.ui] as const]));
  const all = [...shown, ...own.flatMap(([, result]) => [...(result?.children ?? [])])];
  return {
    outputs: Object.fromEntries(all.map(([nodeId, ui]) => [nodeId, ui.output])),
    meta: Object.fromEntries(all.map(([nodeId, ui]) => [nodeId, ui.meta])),
  };
}

/** Pictures and sounds that a node put into an expanded graph are passed on as they are. */
function isJsonLike(value: unknown): value is PythonJson {
  if (typeof value !== "object" || value === null || !isPythonObject(value)) return true;
  return Object.getPrototypeOf(value) === Object.prototype && !("at" in value) && !("channels" in value);
}
