import type { NodeFiles } from "../node.ts";
import { toPythonText } from "../python/print-value.ts";
import { isPythonList, isPythonObject, type PythonJson, type PythonObject } from "../python/values.ts";
import type { Catalogue } from "./catalogue.ts";
import { findCycle } from "./cycle.ts";
import { createNodeValidator, type NodeValidator, type Verdict } from "./node-validation.ts";
import { type NodeErrors, type PromptError, requestError, ValidationException } from "./prompt-errors.ts";

export interface ValidationRules {
  /** `missing_node_type` and `dependency_cycle` instead of the older answers; choices of new combos count. */
  readonly isNewer: boolean;
}

export interface ValidationOutcome {
  readonly isValid: boolean;
  readonly error: PromptError | null;
  readonly nodeErrors: Readonly<Record<string, NodeErrors>>;
  /** The output nodes that will be made. */
  readonly outputs: readonly string[];
  /** The graph with constants converted to the declared types. */
  readonly graph: PythonJson;
}

export interface ValidationParts {
  readonly catalogue: Catalogue;
  readonly files: NodeFiles;
  readonly rules: ValidationRules;
}

/**
 * Decides like ComfyUI whether a graph may be queued, and which of its outputs.
 * @throws ValidationException where ComfyUI would answer 500: the graph is no object, a node is no object.
 */
export async function validatePrompt(
  parts: ValidationParts,
  prompt: PythonJson,
  targets: PythonJson,
): Promise<ValidationOutcome> {
  const checked: [string, PythonObject][] = [];
  const refusal = (error: PromptError): ValidationOutcome => refuse(error, prompt);
  const outputs: string[] = [];
  for (const [nodeId, given] of Object.entries(toEntries(prompt))) {
    const node = toNode(nodeId, given);
    checked.push([nodeId, node]);
    const error = checkClass(parts, nodeId, node);
    if (error !== undefined) return refusal(error);
    const isOutput = parts.catalogue.info(toPythonText(classTypeOf(node)))?.isOutput === true;
    if (isOutput && isTarget(targets, nodeId)) outputs.push(nodeId);
  }
  if (outputs.length === 0) return refusal(requestError("prompt_no_outputs", "Prompt has no outputs", ""));
  // From entries, not by assignment: a node may be called "__proto__".
  return validateOutputs(parts, Object.fromEntries(checked), outputs);
}

type Nodes = Readonly<Record<string, PythonObject>>;

/** Python iterates whatever it gets: an empty list or string has no nodes, `null` and numbers cannot be iterated. */
function toEntries(prompt: PythonJson): PythonObject {
  if ((isPythonList(prompt) || typeof prompt === "string") && prompt.length === 0) return {};
  if (!isPythonObject(prompt)) throw new ValidationException("TypeError", "the prompt is not an object");
  return prompt;
}

/** "class_type" is looked for inside text and lists too, and not found: what the editor saves is refused so. */
function toNode(nodeId: string, node: PythonJson): PythonObject {
  if (isPythonObject(node)) return node;
  if (isPythonList(node) || (typeof node === "string" && !node.includes("class_type"))) return {};
  throw new ValidationException("TypeError", `node ${nodeId} is not an object`);
}

function classTypeOf(node: PythonObject): PythonJson {
  return node.class_type ?? null;
}

function checkClass(
  { catalogue, rules }: ValidationParts,
  nodeId: string,
  node: PythonObject,
): PromptError | undefined {
  const details = `Node ID '#${nodeId}'`;
  const type = rules.isNewer ? "missing_node_type" : "invalid_prompt";
  const title = isPythonObject(node._meta) && typeof node._meta.title === "string" ? node._meta.title : null;
  if (node.class_type === undefined) {
    const message = "Cannot execute because a node is missing the class_type property.";
    const extra = rules.isNewer ? { node_id: nodeId, class_type: null, node_title: title } : {};
    return requestError(type, message, details, extra);
  }
  const classType = classTypeOf(node);
  if (isPythonList(classType) || isPythonObject(classType)) {
    throw new ValidationException("TypeError", `the class_type of node ${nodeId} is not a string`);
  }
  if (typeof classType === "string" && catalogue.info(classType) !== undefined) return undefined;
  const shown = toPythonText(classType);
  if (!rules.isNewer) return requestError(type, `Cannot execute because node ${shown} does not exist.`, details);
  const message = `Node '${title ?? `ID #${nodeId}`}' not found. The custom node may not be installed.`;
  return requestError(type, message, details, { node_id: nodeId, class_type: classType, node_title: title });
}

/** Lists name ids; text contains them; null means all. */
function isTarget(targets: PythonJson, nodeId: string): boolean {
  if (targets === null) return true;
  if (typeof targets === "string") return targets.includes(nodeId);
  if (isPythonList(targets)) return targets.includes(nodeId);
  if (isPythonObject(targets)) return Object.hasOwn(targets, nodeId);
  throw new ValidationException("TypeError", "partial_execution_targets is not a list");
}

async function validateOutputs(
  parts: ValidationParts,
  nodes: Nodes,
  outputs: readonly string[],
): Promise<ValidationOutcome> {
  const validator = createNodeValidator(parts, nodes);
  const nodeErrors: Record<string, NodeErrors> = {};
  const outputErrors: string[] = [];
  const good: string[] = [];
  for (const output of outputs) {
    const verdict = await judgeOutput(parts, validator, nodes, output);
    if (verdict.isValid) {
      good.push(output);
      continue;
    }
    outputErrors.push(...verdict.errors.map((error) => `${error.message}: ${error.details}`));
    for (const [nodeId, { isValid, errors }] of validator.verdicts) {
      if (isValid || errors.length === 0) continue;
      const classType = toPythonText(classTypeOf(nodes[nodeId] ?? {}));
      const known = nodeErrors[nodeId] ?? { errors, dependent_outputs: [], class_type: classType };
      nodeErrors[nodeId] = { ...known, dependent_outputs: [...known.dependent_outputs, output] };
    }
  }
  const error = requestError(
    "prompt_outputs_failed_validation",
    "Prompt outputs failed validation",
    outputErrors.join("\n"),
  );
  const isValid = good.length > 0;
  return { isValid, error: isValid ? null : error, nodeErrors, outputs: good, graph: validator.graph() };
}

async function judgeOutput(
  parts: ValidationParts,
  validator: NodeValidator,
  nodes: Nodes,
  output: string,
): Promise<Verdict> {
  const cycle = findCycle(nodes, output);
  if (cycle !== undefined) {
    // 0.3.64 recurses until Python gives up, and then has nothing to say about it.
    const verdict = { isValid: false, errors: parts.rules.isNewer ? [cycleError(cycle)] : [] };
    validator.verdicts.set(output, verdict);
    return verdict;
  }
  try {
    return await validator.validate(output);
  } catch (error) {
    if (!(error instanceof ValidationException)) throw error;
    const { exception_message: _, ...extra } = error.describe();
    const message = "Exception when validating node";
    const verdict = {
      isValid: false,
      errors: [requestError("exception_during_validation", message, error.message, extra)],
    };
    validator.verdicts.set(output, verdict);
    return verdict;
  }
}

function cycleError(cycle: readonly string[]): PromptError {
  const extra = { node_id: cycle[0] ?? null, cycle_nodes: cycle };
  return requestError("dependency_cycle", "Dependency cycle detected", cycle.join(" -> "), extra);
}

function refuse(error: PromptError, graph: PythonJson): ValidationOutcome {
  return { isValid: false, error, nodeErrors: {}, outputs: [], graph };
}
