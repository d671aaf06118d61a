import type { NodeInfo, ObjectInfo } from "@comfy/comfyui-contract";

/** What a ComfyUI says about one node class. */
export type ObjectInfoEntry = NodeInfo;

/** What one backend offers: `object_info` of the classes that were asked for; a class that is absent is not installed there. */
export type Inventory = Readonly<ObjectInfo>;

/** Something a backend lacks, and what to do about it. */
export interface Missing {
  readonly what: "node" | "model";
  /** The node class, or the model file that is asked for first. */
  readonly name: string;
  /** A sentence: what to get, from where, into which folder. */
  readonly install: string;
}

export function findClass(inventory: Inventory, name: string): ObjectInfoEntry | undefined {
  return Object.hasOwn(inventory, name) ? inventory[name] : undefined;
}
