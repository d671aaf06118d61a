import {
  type Graph,
  type InputDescription,
  isLink,
  type NodeInfo,
  type ObjectInfo,
  readInput,
} from "@comfy/comfyui-contract";

/** Inputs whose list is only known on a backend (files); their choice is not looked up. */
export type IsFile = (classType: string, input: string) => boolean;

interface Check {
  readonly graph: Graph;
  readonly classes: ObjectInfo;
  readonly isFile: IsFile;
}

const typesOf = (type: unknown): string[] => String(type).split(",");

function overlaps(given: unknown, wanted: string): boolean {
  const given_ = typesOf(given);
  return wanted === "*" || given_.includes("*") || typesOf(wanted).some((type) => given_.includes(type));
}

function linkFault(check: Check, value: readonly [string, number], wanted: string): string | undefined {
  const [id, slot] = value;
  const source = Object.hasOwn(check.graph, id) ? check.graph[id] : undefined;
  if (!source) return `links to node "${id}", which is not in the graph`;
  const info = check.classes[source.class_type];
  if (!info) return undefined;
  if (slot < 0 || slot >= info.output.length)
    return `links to output ${slot} of ${source.class_type}, which has ${info.output.length}`;
  const given = info.output[slot];
  return overlaps(given, wanted) ? undefined : `takes ${wanted}, but is linked to ${String(given)}`;
}

function numberFault(value: unknown, { type, options }: InputDescription): string | undefined {
  if (typeof value !== "number" || !Number.isFinite(value)) return `is ${JSON.stringify(value)}, not a number`;
  if (type === "INT" && !Number.isInteger(value)) return `is ${value}, not an integer`;
  if (typeof options.min === "number" && value < options.min) return `is ${value}, below ${options.min}`;
  if (typeof options.max === "number" && value > options.max) return `is ${value}, above ${options.max}`;
  const grid = type === "INT" && typeof options.step === "number" ? options.step : 1;
  return value % grid === 0 || type !== "INT" ? undefined : `is ${value}, not a multiple of ${grid}`;
}

function constantFault(value: unknown, description: InputDescription, isFile: boolean): string | undefined {
  const { type, choices } = description;
  if (choices) {
    if (typeof value !== "string") return `is ${JSON.stringify(value)}, not one of a list`;
    return isFile || choices.includes(value) ? undefined : `is "${value}", which is not in its list`;
  }
  if (type === "INT" || type === "FLOAT") return numberFault(value, description);
  if (type === "STRING") return typeof value === "string" ? undefined : `is ${JSON.stringify(value)}, not text`;
  if (type === "BOOLEAN")
    return typeof value === "boolean" ? undefined : `is ${JSON.stringify(value)}, not true or false`;
  return `takes ${type}, which only a link can give`;
}

function nodeFaults(check: Check, id: string, info: NodeInfo): string[] {
  const node = check.graph[id];
  if (!node) return [];
  const missing = Object.keys(info.input.required ?? {}).filter((input) => !Object.hasOwn(node.inputs, input));
  const faults = missing.map((input) => `${id}.${input} is missing`);
  for (const [input, value] of Object.entries(node.inputs)) {
    const description = readInput(info, input);
    const fault = !description
      ? `is not an input of ${node.class_type}`
      : isLink(value)
        ? linkFault(check, value, description.type)
        : constantFault(value, description, check.isFile(node.class_type, input));
    if (fault) faults.push(`${id}.${input} ${fault}`);
  }
  return faults;
}

/** Nodes that the given outputs need, found along the links. */
function neededBy(graph: Graph, outputs: readonly string[]): Set<string> {
  const needed = new Set<string>();
  const open = [...outputs];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (needed.has(id)) continue;
    needed.add(id);
    for (const value of Object.values(graph[id]?.inputs ?? {})) if (isLink(value)) open.push(value[0]);
  }
  return needed;
}

function hasCycle(graph: Graph): boolean {
  const done = new Set<string>();
  const visit = (id: string, above: readonly string[]): boolean => {
    if (above.includes(id)) return true;
    if (done.has(id)) return false;
    const links = Object.values(graph[id]?.inputs ?? {}).filter(isLink);
    const found = links.some(([source]) => visit(source, [...above, id]));
    done.add(id);
    return found;
  };
  return Object.keys(graph).some((id) => visit(id, []));
}

/** Everything a ComfyUI with these classes could hold against a graph, and what it would silently put up with. Empty when it is sound. */
export function findGraphFaults(graph: Graph, classes: ObjectInfo, isFile: IsFile = () => false): string[] {
  const faults: string[] = [];
  for (const [id, node] of Object.entries(graph)) {
    const info = Object.hasOwn(classes, node.class_type) ? classes[node.class_type] : undefined;
    if (info) faults.push(...nodeFaults({ graph, classes, isFile }, id, info));
    else faults.push(`${id} is a ${node.class_type}, which does not exist`);
  }
  const outputs = Object.keys(graph).filter((id) => classes[graph[id]?.class_type ?? ""]?.output_node);
  if (outputs.length === 0) faults.push("the graph has no output node");
  const needed = neededBy(graph, outputs);
  for (const id of Object.keys(graph)) if (!needed.has(id)) faults.push(`${id} leads to no output`);
  if (hasCycle(graph)) faults.push("the graph has a cycle");
  return faults;
}
