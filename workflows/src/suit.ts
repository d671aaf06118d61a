import { isLink, readChoices } from "@comfy/comfyui-contract";
import { findClass, type Inventory, type Missing } from "./inventory.ts";
import { chooseModelFile } from "./models.ts";
import { installNode } from "./packs.ts";
import type { PlanValue } from "./plan.ts";
import { at, classesOf, type GraphTemplate, type Place } from "./template.ts";

/** What one backend has for a graph, whatever a plan says; with it a plan is judged without touching the graph. */
export interface Suit {
  /** The backend's own files for the loaders. */
  readonly models: readonly (Place & { readonly file: string })[];
  /** Node classes and model files that it lacks. */
  readonly missing: readonly Missing[];
  /** Inputs whose words the backend lists. */
  readonly words: readonly WordPlace[];
}

interface WordPlace {
  readonly className: string;
  readonly input: string;
  /** The plan's value that goes there, if any; else what the graph says. */
  readonly value: string | undefined;
  readonly preset: unknown;
  readonly choices: ReadonlySet<string>;
}

// A dispatch asks every backend about every plan: working this out anew took an eighth of a busy server's time.
const known = new WeakMap<Inventory, Map<GraphTemplate, Suit>>();

/** Remembered for as long as the inventory is: an inventory is a snapshot and does not change. */
export function suitOf(template: GraphTemplate, inventory: Inventory): Suit {
  const suits = known.get(inventory) ?? new Map<GraphTemplate, Suit>();
  known.set(inventory, suits);
  const suit = suits.get(template) ?? toSuit(template, inventory);
  suits.set(template, suit);
  return suit;
}

function toSuit(template: GraphTemplate, inventory: Inventory): Suit {
  const models = findModels(template, inventory);
  return {
    models: models.files,
    missing: [...findMissingClasses(template, inventory), ...models.missing],
    words: listWordPlaces(template, inventory),
  };
}

function findModels({ graph, models }: GraphTemplate, inventory: Inventory) {
  const files: (Place & { file: string })[] = [];
  const missing: Missing[] = [];
  for (const slot of models) {
    const info = findClass(inventory, graph[slot.node]?.class_type ?? "");
    if (!info) continue;
    const file = chooseModelFile(slot, readChoices(info, slot.input) ?? []);
    if (file === undefined) missing.push({ what: "model", name: slot.files[0], install: slot.install });
    else files.push({ ...at(slot.node, slot.input), file });
  }
  return { files, missing };
}

function findMissingClasses({ graph }: GraphTemplate, inventory: Inventory): Missing[] {
  return classesOf(graph)
    .filter((name) => !findClass(inventory, name))
    .map((name) => ({ what: "node", name, install: installNode(name) }));
}

const samePlace = (left: Place, right: Place) => left.node === right.node && left.input === right.input;

/** Files are left out: they are chosen from the list itself, or uploaded after the list was read. */
function listWordPlaces({ graph, values, models, media }: GraphTemplate, inventory: Inventory): WordPlace[] {
  const filePlaces: readonly Place[] = [...models, ...Object.values(media)];
  const filled = Object.entries(values).flatMap(([value, places]) => places.map((place) => ({ ...place, value })));
  return Object.entries(graph).flatMap(([node, { class_type: className, inputs }]) => {
    const info = findClass(inventory, className);
    if (!info) return [];
    const blanks = filled.filter((place) => place.node === node).map(({ input }) => input);
    return [...new Set([...Object.keys(inputs), ...blanks])].flatMap((input): WordPlace[] => {
      const place = at(node, input);
      const choices = readChoices(info, input);
      if (!choices || filePlaces.some((file) => samePlace(file, place))) return [];
      const value = filled.findLast((blank) => samePlace(blank, place))?.value;
      return [{ className, input, value, preset: inputs[input], choices: new Set(choices) }];
    });
  });
}

/** Words that this backend's version of a node does not know: an older sampler list, for instance. */
export function findUnknownWords({ words }: Suit, values: Readonly<Record<string, PlanValue>>): Missing[] {
  return words.flatMap(({ className, input, value, preset, choices }): Missing[] => {
    const word = (value === undefined ? undefined : values[value]) ?? preset;
    if (word === undefined || isLink(word) || choices.has(String(word))) return [];
    const install = `${className} does not offer ${input} "${String(word)}" on this backend. ${installNode(className)}`;
    return [{ what: "node", name: className, install }];
  });
}
