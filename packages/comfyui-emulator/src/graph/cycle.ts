import { isPythonObject, type PythonObject } from "../python/values.ts";
import { toLink } from "./graph.ts";

/** The ids of a circle that can be reached from a node, first id repeated at the end; undefined when there is none. */
export function findCycle(nodes: Readonly<Record<string, PythonObject>>, start: string): string[] | undefined {
  const finished = new Set<string>();
  const path: string[] = [];
  const waiting = [{ nodeId: start, isLeaving: false }];
  while (waiting.length > 0) {
    const { nodeId = "", isLeaving = false } = waiting.pop() ?? {};
    if (isLeaving) {
      finished.add(nodeId);
      path.pop();
      continue;
    }
    const met = path.indexOf(nodeId);
    if (met >= 0) return [...path.slice(met), nodeId];
    if (finished.has(nodeId)) continue;
    path.push(nodeId);
    waiting.push({ nodeId, isLeaving: true });
    for (const source of sourcesOf(nodes[nodeId])) waiting.push({ nodeId: source, isLeaving: false });
  }
  return undefined;
}

function sourcesOf(node: PythonObject | undefined): string[] {
  if (!isPythonObject(node?.inputs)) return [];
  return Object.values(node.inputs).flatMap((value) => toLink(value)?.nodeId ?? []);
}
