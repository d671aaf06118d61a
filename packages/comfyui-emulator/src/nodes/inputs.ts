import type { Sound } from "../media/audio.ts";
import type { ImageBatch } from "../media/image.ts";
import { type NodeClass, type NodeContext, NodeError, type NodeInputs, type NodeResult } from "../node.ts";
import { PythonFloat } from "../python/values.ts";

/** A class that only computes: its outputs in slot order. */
export function pureNode(
  classType: string,
  compute: (inputs: NodeInputs) => readonly unknown[] | Promise<readonly unknown[]>,
): NodeClass {
  return { classType, run: async (inputs) => ({ outputs: await compute(inputs) }) };
}

/** A class that needs its context: files, progress, time. */
export function node(
  classType: string,
  run: (inputs: NodeInputs, context: NodeContext) => Promise<NodeResult>,
  more: Pick<NodeClass, "fingerprint" | "validate" | "validates"> = {},
): NodeClass {
  return { classType, run, ...more };
}

/** A number; 64-bit integers that arrived as bigint are narrowed. `fallback` stands in for an absent optional input. */
export function numberInput(inputs: NodeInputs, key: string, fallback?: number): number {
  const value = inputs[key] ?? fallback;
  if (value instanceof PythonFloat) return value.value;
  if (typeof value === "bigint") return Number(value);
  if (typeof value === "boolean") return value ? 1 : 0;
  if (typeof value !== "number") throw mismatch(key, "a number", value);
  return value;
}

/** An integer as exact decimal text: seeds reach 2^64-1. */
export function seedInput(inputs: NodeInputs, key: string): string {
  const value = inputs[key];
  if (typeof value !== "number" && typeof value !== "bigint") throw mismatch(key, "an integer", value);
  return String(value);
}

export function textInput(inputs: NodeInputs, key: string, fallback?: string): string {
  const value = inputs[key] ?? fallback;
  if (typeof value !== "string") throw mismatch(key, "a string", value);
  return value;
}

export function flagInput(inputs: NodeInputs, key: string, fallback = false): boolean {
  const value = inputs[key] ?? fallback;
  return value === true || value === 1;
}

export function imageInput(inputs: NodeInputs, key: string): ImageBatch {
  const value = inputs[key];
  if (!isImageBatch(value)) throw mismatch(key, "an image or mask", value);
  return value;
}

export function optionalImage(inputs: NodeInputs, key: string): ImageBatch | undefined {
  return inputs[key] === undefined || inputs[key] === null ? undefined : imageInput(inputs, key);
}

export function soundInput(inputs: NodeInputs, key: string): Sound {
  const value = inputs[key];
  if (!isSound(value)) throw mismatch(key, "audio", value);
  return value;
}

export function optionalSound(inputs: NodeInputs, key: string): Sound | undefined {
  return inputs[key] === undefined || inputs[key] === null ? undefined : soundInput(inputs, key);
}

export function isImageBatch(value: unknown): value is ImageBatch {
  return (
    typeof value === "object" && value !== null && "at" in value && typeof value.at === "function" && "width" in value
  );
}

export function isSound(value: unknown): value is Sound {
  return typeof value === "object" && value !== null && "sampleRate" in value && "channels" in value;
}

function mismatch(key: string, expected: string, value: unknown): NodeError {
  return new NodeError(
    "TypeError",
    `input ${key}: expected ${expected}, got ${value === null ? "null" : typeof value}`,
  );
}
