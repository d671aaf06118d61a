import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { parsePythonJson } from "../python/parse-json.ts";
import { isPythonList, isPythonObject, type PythonJson, type PythonObject } from "../python/values.ts";

/** One declared input of a class. */
export interface InputSpec {
  readonly name: string;
  readonly isRequired: boolean;
  /** A type name, or for the older kind of combo the list of choices. */
  readonly type: PythonJson;
  readonly options: PythonObject;
}

/** A class as `/object_info` describes it. */
export interface NodeInfo {
  readonly classType: string;
  readonly inputs: readonly InputSpec[];
  /** Type names by slot. */
  readonly outputs: readonly string[];
  readonly isOutput: boolean;
  /** The entry as it is served. */
  readonly entry: PythonObject;
}

/** Reads the recorded descriptions of 106 classes; their file lists are empty. */
export function readObjectInfo(): ReadonlyMap<string, NodeInfo> {
  const path = createRequire(import.meta.url).resolve("@comfy/comfyui-contract/fixtures/object_info.slim.json");
  const recorded = parsePythonJson(readFileSync(path, "utf8"));
  if (!isPythonObject(recorded)) throw new Error(`${path}: expected an object of node classes`);
  const classes = new Map<string, NodeInfo>();
  for (const [classType, entry] of Object.entries(recorded)) classes.set(classType, parseNodeInfo(classType, entry));
  return classes;
}

/**
 * Reads one entry of `/object_info`.
 * @throws Error naming the class when the entry has another shape.
 */
export function parseNodeInfo(classType: string, entry: PythonJson): NodeInfo {
  if (!isPythonObject(entry) || !isPythonObject(entry.input) || !isPythonList(entry.output)) {
    throw new Error(`object_info of ${classType}: expected an object with "input" and "output"`);
  }
  return {
    classType,
    inputs: [...parseInputs(entry.input.required, true), ...parseInputs(entry.input.optional, false)],
    outputs: entry.output.map(String),
    isOutput: entry.output_node === true,
    entry,
  };
}

function parseInputs(group: PythonJson | undefined, isRequired: boolean): InputSpec[] {
  if (!isPythonObject(group)) return [];
  return Object.entries(group).map(([name, spec]) => {
    const [type = "*", options = {}] = isPythonList(spec) ? spec : [];
    return { name, isRequired, type, options: isPythonObject(options) ? options : {} };
  });
}
