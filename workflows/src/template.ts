import type { Graph } from "@comfy/comfyui-contract";
import type { ModelSlot } from "./models.ts";
import type { PlanValue } from "./plan.ts";

/** One input of one node. */
export interface Place {
  readonly node: string;
  readonly input: string;
}

/** A graph with its blanks: which value, input file and model file goes where. */
export interface GraphTemplate {
  readonly id: string;
  /** The public word reported as `model`. */
  readonly model: string;
  readonly graph: Graph;
  /** Places of `PlanVariant.values`, by name. A value that a plan lacks leaves what the graph says. */
  readonly values: Readonly<Record<string, readonly Place[]>>;
  /** Places of uploaded files, by the name of the media slot. */
  readonly media: Readonly<Record<string, Place>>;
  readonly models: readonly ModelSlot[];
  /** The nodes that save, the main output first; each takes the prefix of its files in `filename_prefix`. */
  readonly outputs: readonly string[];
}

export const at = (node: string, input: string): Place => ({ node, input });

/** The node classes of a graph, each once. */
export function classesOf(graph: Graph): string[] {
  return [...new Set(Object.values(graph).map((node) => node.class_type))];
}

/** @throws RangeError when the template names a node that its graph does not have: a mistake in this package. */
function setInput(graph: Graph, { node, input }: Place, value: PlanValue): void {
  const target = Object.hasOwn(graph, node) ? graph[node] : undefined;
  if (!target) throw new RangeError(`The graph has no node "${node}", so its input ${input} cannot be set.`);
  target.inputs[input] = value;
}

/** A copy of the template's graph with these values in place. */
export function fillValues(template: GraphTemplate, values: Readonly<Record<string, PlanValue>>): Graph {
  const graph = structuredClone(template.graph);
  for (const [name, places] of Object.entries(template.values)) {
    const value = values[name];
    if (value !== undefined) for (const place of places) setInput(graph, place, value);
  }
  return graph;
}

/** What a graph names of one backend's disk. */
export interface GraphFiles {
  /** Model files for the loaders. */
  readonly models: readonly (Place & { readonly file: string })[];
  /** Uploaded files, by the name of the media slot. */
  readonly media: Readonly<Record<string, string>>;
  readonly filenamePrefix: string;
}

/** Puts model files, uploaded files and the prefix of the output files into a graph of this template. */
export function fillFiles(template: GraphTemplate, graph: Graph, files: GraphFiles): void {
  for (const { file, ...place } of files.models) setInput(graph, place, file);
  for (const [slot, place] of Object.entries(template.media)) {
    const name = Object.hasOwn(files.media, slot) ? files.media[slot] : undefined;
    if (!name) throw new TypeError(`No uploaded file was given for ${slot}: expected the name it has on the backend.`);
    setInput(graph, place, name);
  }
  for (const node of template.outputs) setInput(graph, at(node, "filename_prefix"), files.filenamePrefix);
}
