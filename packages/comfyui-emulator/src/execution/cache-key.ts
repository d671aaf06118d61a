import { createHash } from "node:crypto";
import { type GraphNode, toLink } from "../graph/graph.ts";
import { toPythonJson } from "../python/print-json.ts";
import { isPythonList, isPythonObject, PythonFloat, type PythonJson } from "../python/values.ts";

/** What a node's result depends on: its class, its constants, its ancestors and what changes without them. */
export type KeyOf = (nodeId: string) => string | undefined;

/** A change fingerprint; NaN (or a failure to compute one) means "always changed". */
export type Fingerprint = string | number | undefined;

/**
 * Names results by content: two nodes with the same class and inputs share one, whatever their ids are.
 * Undefined for nodes that cannot be cached, and everything that depends on them.
 */
export function createKeys(
  nodeOf: (nodeId: string) => GraphNode | undefined,
  fingerprints: ReadonlyMap<string, Fingerprint>,
): KeyOf {
  const keys = new Map<string, string | undefined>();
  const keyOf: KeyOf = (nodeId) => {
    if (!keys.has(nodeId)) {
      keys.set(nodeId, undefined);
      keys.set(nodeId, compute(nodeId));
    }
    return keys.get(nodeId);
  };

  function compute(nodeId: string): string | undefined {
    const node = nodeOf(nodeId);
    const fingerprint = fingerprints.get(nodeId);
    if (node?.inputs === undefined || Number.isNaN(fingerprint)) return undefined;
    const parts: string[] = [node.classType, String(fingerprint)];
    for (const [name, value] of Object.entries(node.inputs).toSorted(([a], [b]) => (a < b ? -1 : 1))) {
      const link = toLink(value);
      const part = link === undefined ? constantPart(value) : linkPart(link.slot, keyOf(link.nodeId));
      if (part === undefined) return undefined;
      parts.push(name, part);
    }
    return createHash("sha256").update(JSON.stringify(parts)).digest("base64url");
  }
  return keyOf;
}

function linkPart(slot: number, key: string | undefined): string | undefined {
  return key === undefined ? undefined : `link ${slot} ${key}`;
}

/** Values that a node put into an expanded graph (pictures, sounds) have no name that could be compared. */
function constantPart(value: unknown): string | undefined {
  return isJson(value) ? toPythonJson(value) : undefined;
}

function isJson(value: unknown): value is PythonJson {
  if (value === null || value instanceof PythonFloat) return true;
  if (isPythonList(value)) return value.every(isJson);
  if (typeof value !== "object") return ["string", "number", "bigint", "boolean"].includes(typeof value);
  const isBare = isPythonObject(value) && Object.getPrototypeOf(value) === Object.prototype;
  return isBare && Object.values(value).every(isJson);
}
