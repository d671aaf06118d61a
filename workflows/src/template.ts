import { type Graph, isLink, readChoices } from "@comfy/comfyui-contract";
import { findClass, type Inventory, type Missing } from "./inventory.ts";
import { chooseModelFile, type ModelSlot } from "./models.ts";
import { installNode } from "./packs.ts";
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

/** Puts uploaded files and the prefix of the output files into a graph of this template. */
export function fillFiles(
  template: GraphTemplate,
  graph: Graph,
  files: { readonly media: Readonly<Record<string, string>>; readonly filenamePrefix: string },
): void {
  for (const [slot, place] of Object.entries(template.media)) {
    const name = Object.hasOwn(files.media, slot) ? files.media[slot] : undefined;
    if (!name) throw new TypeError(`No uploaded file was given for ${slot}: expected the name it has on the backend.`);
    setInput(graph, place, name);
  }
  for (const node of template.outputs) setInput(graph, at(node, "filename_prefix"), files.filenamePrefix);
}

/** Puts the backend's own model files into the graph. Gives the files and what is missing. */
export function fillModels(template: GraphTemplate, graph: Graph, inventory: Inventory) {
  const files: string[] = [];
  const missing: Missing[] = [];
  for (const slot of template.models) {
    const info = findClass(inventory, graph[slot.node]?.class_type ?? "");
    if (!info) continue;
    const file = chooseModelFile(slot, readChoices(info, slot.input) ?? []);
    if (file === undefined) missing.push({ what: "model", name: slot.files[0], install: slot.install });
    else {
      setInput(graph, slot, file);
      files.push(file);
    }
  }
  return { files, missing };
}

export function findMissingClasses(graph: Graph, inventory: Inventory): Missing[] {
  return classesOf(graph)
    .filter((name) => !findClass(inventory, name))
    .map((name) => ({ what: "node", name, install: installNode(name) }));
}

const samePlace = (left: Place, right: Place) => left.node === right.node && left.input === right.input;

/**
 * Words that this backend's version of a node does not know (an older sampler list, for instance). Files are left out: they are chosen from
 * the list itself, or uploaded after the list was read.
 */
export function findUnknownWords(template: GraphTemplate, graph: Graph, inventory: Inventory): Missing[] {
  const filePlaces: readonly Place[] = [...template.models, ...Object.values(template.media)];
  const missing: Missing[] = [];
  for (const [node, { class_type: name, inputs }] of Object.entries(graph)) {
    const info = findClass(inventory, name);
    if (!info) continue;
    for (const [input, value] of Object.entries(inputs)) {
      if (isLink(value) || filePlaces.some((place) => samePlace(place, at(node, input)))) continue;
      const choices = readChoices(info, input);
      if (!choices || choices.includes(String(value))) continue;
      const install = `${name} does not offer ${input} "${String(value)}" on this backend. ${installNode(name)}`;
      missing.push({ what: "node", name, install });
    }
  }
  return missing;
}
