import type { NodeFiles } from "../node.ts";
import { pythonTypeName, toPythonRepr, toPythonText } from "../python/print-value.ts";
import {
  isPythonList,
  isPythonObject,
  type PythonJson,
  type PythonObject,
  toNumber,
  toPlain,
} from "../python/values.ts";
import type { Catalogue } from "./catalogue.ts";
import { checkConstant, unwrapConstant } from "./constants.ts";
import type { InputSpec, NodeInfo } from "./object-info.ts";
import { inputError, type PromptError, ValidationException } from "./prompt-errors.ts";

export interface Verdict {
  readonly isValid: boolean;
  readonly errors: readonly PromptError[];
}

interface ValidatorParts {
  readonly catalogue: Catalogue;
  readonly files: NodeFiles;
  readonly rules: { readonly isNewer: boolean };
}

/** Where one input stands: its declaration, and the values that are converted in place. */
interface Place {
  readonly spec: InputSpec;
  readonly inputs: Record<string, PythonJson>;
  readonly hasLimits: boolean;
}

/** Validates nodes depth first, each once. */
export interface NodeValidator {
  /** Verdicts in the order in which nodes were reached. */
  readonly verdicts: Map<string, Verdict>;
  /** @throws ValidationException when the node cannot be looked at at all. */
  validate(nodeId: string): Promise<Verdict>;
  /** The graph with the constants of every validated node converted. */
  graph(): PythonObject;
}

/** Everything that one walk through a graph shares. */
interface Walk {
  readonly parts: ValidatorParts;
  readonly nodes: Readonly<Record<string, PythonObject>>;
  readonly verdicts: Map<string, Verdict>;
  readonly converted: Map<string, Record<string, PythonJson>>;
}

export function createNodeValidator(
  parts: ValidatorParts,
  nodes: Readonly<Record<string, PythonObject>>,
): NodeValidator {
  const walk: Walk = { parts, nodes, verdicts: new Map(), converted: new Map() };
  return {
    verdicts: walk.verdicts,
    validate: (nodeId) => validateNode(walk, nodeId),
    graph: () => {
      const copy = Object.entries(nodes).map(([nodeId, node]) => {
        const inputs = walk.converted.get(nodeId);
        return [nodeId, inputs === undefined ? node : { ...node, inputs }] as const;
      });
      return Object.fromEntries(copy);
    },
  };
}

async function validateNode(walk: Walk, nodeId: string): Promise<Verdict> {
  const known = walk.verdicts.get(nodeId);
  if (known !== undefined) return known;
  const { info, inputs } = openNode(walk, nodeId);
  const nodeClass = walk.parts.catalogue.nodeClass(info.classType);
  const checkedByClass = nodeClass.validates ?? [];
  const errors: PromptError[] = [];
  let isValid = true;
  for (const spec of info.inputs) {
    const outcome = await validateInput(walk, { spec, inputs, hasLimits: !checkedByClass.includes(spec.name) });
    if (outcome === "upstream") isValid = false;
    else if (outcome !== undefined) errors.push(outcome);
  }
  if (nodeClass.validate !== undefined) {
    const answer = await nodeClass.validate(plainInputs(inputs), walk.parts.files);
    if (answer !== true) errors.push(...customErrors(info, inputs, checkedByClass, answer));
  }
  const verdict = { isValid: isValid && errors.length === 0, errors };
  walk.verdicts.set(nodeId, verdict);
  return verdict;
}

function openNode(walk: Walk, nodeId: string): { info: NodeInfo; inputs: Record<string, PythonJson> } {
  const node = nodeOf(walk.nodes, nodeId);
  const info = walk.parts.catalogue.info(toPythonText(node.class_type ?? null));
  if (info === undefined) throw new ValidationException("KeyError", toPythonRepr(node.class_type ?? null));
  if (!isPythonObject(node.inputs)) throw new ValidationException("KeyError", "'inputs'");
  const inputs: Record<string, PythonJson> = walk.converted.get(nodeId) ?? { ...node.inputs };
  walk.converted.set(nodeId, inputs);
  return { info, inputs };
}

async function validateInput(walk: Walk, place: Place): Promise<PromptError | "upstream" | undefined> {
  const { spec, inputs } = place;
  const value = inputs[spec.name];
  if (value === undefined) {
    if (!spec.isRequired) return undefined;
    const extra_info = { input_name: spec.name };
    return { type: "required_input_missing", message: "Required input is missing", details: spec.name, extra_info };
  }
  if (isPythonList(value)) return validateLink(walk, spec, value);
  const rules = { hasLimits: place.hasLimits, checksNewCombos: walk.parts.rules.isNewer };
  const outcome = checkConstant(spec, unwrapConstant(value), rules);
  if (!outcome.ok) return outcome.error;
  inputs[spec.name] = outcome.value;
  return undefined;
}

async function validateLink(
  walk: Walk,
  spec: InputSpec,
  link: readonly PythonJson[],
): Promise<PromptError | "upstream" | undefined> {
  if (link.length !== 2) {
    const message = "Bad linked input, must be a length-2 list of [node_id, slot_index]";
    return inputError("bad_linked_input", message, spec.name, spec, { received_value: link });
  }
  const [source = null, slot = null] = link;
  const linked = nodeOf(walk.nodes, source);
  const info = walk.parts.catalogue.info(toPythonText(linked.class_type ?? null));
  const received = pickOutput(info?.outputs ?? [], slot);
  const expected = isPythonList(spec.type) ? "COMBO" : String(spec.type);
  if (!typesMatch(received, expected)) return mismatch(spec, received, expected, link);
  const sourceId = String(source);
  try {
    return (await validateNode(walk, sourceId)).isValid ? undefined : "upstream";
  } catch (error) {
    if (!(error instanceof ValidationException)) throw error;
    walk.verdicts.set(sourceId, { isValid: false, errors: [innerError(spec, error, link)] });
    return "upstream";
  }
}

/** An unknown id is a KeyError, whose text is the key as Python prints it. */
function nodeOf(nodes: Readonly<Record<string, PythonObject>>, nodeId: PythonJson): PythonObject {
  const node = typeof nodeId === "string" && Object.hasOwn(nodes, nodeId) ? nodes[nodeId] : undefined;
  if (node === undefined) throw new ValidationException("KeyError", toPythonRepr(nodeId));
  return node;
}

/** Negative slots count from the end, as in every Python tuple. */
function pickOutput(outputs: readonly string[], slot: PythonJson): string {
  if (typeof slot !== "number" && typeof slot !== "boolean") {
    const message = `tuple indices must be integers or slices, not ${pythonTypeName(slot)}`;
    throw new ValidationException("TypeError", message);
  }
  const output = outputs.at(toNumber(slot) ?? 0);
  if (output === undefined) throw new ValidationException("IndexError", "tuple index out of range");
  return output;
}

/** Equal, overlapping sets (`FLOAT,INT`), or either side open to all. */
function typesMatch(received: string, expected: string): boolean {
  if (received === expected || received === "*" || expected === "*") return true;
  const accepted = expected.split(",");
  return received.split(",").some((type) => accepted.includes(type));
}

function mismatch(spec: InputSpec, received: string, expected: string, link: readonly PythonJson[]): PromptError {
  const details = `${spec.name}, received_type(${received}) mismatch input_type(${
    isPythonList(spec.type) ? toPythonRepr(spec.type) : expected
  })`;
  const extra = { received_type: received, linked_node: link };
  return inputError("return_type_mismatch", "Return type mismatch between linked nodes", details, spec, extra);
}

function innerError(spec: InputSpec, error: ValidationException, link: readonly PythonJson[]): PromptError {
  const extra = { ...error.describe(), linked_node: link };
  const message = "Exception when validating inner node";
  return inputError("exception_during_inner_validation", message, error.message, spec, extra);
}

function plainInputs(inputs: Readonly<Record<string, PythonJson>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(inputs).map(([key, value]) => [key, toPlain(value)]));
}

function customErrors(
  info: NodeInfo,
  inputs: Readonly<Record<string, PythonJson>>,
  names: readonly string[],
  answer: string,
): PromptError[] {
  const checked = info.inputs.filter(({ name }) => names.includes(name) && inputs[name] !== undefined);
  return checked.map(({ name }) => ({
    type: "custom_validation_failed",
    message: "Custom validation failed for node",
    details: answer === "" ? name : `${name} - ${answer}`,
    extra_info: { input_name: name },
  }));
}
