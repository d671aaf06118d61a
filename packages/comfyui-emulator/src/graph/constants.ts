import { ConversionError, toPythonBool, toPythonFloat, toPythonInt } from "../python/convert.ts";
import { toPythonRepr, toPythonText } from "../python/print-value.ts";
import { isEqual, isPythonList, isPythonObject, type PythonJson, toNumber } from "../python/values.ts";
import type { InputSpec } from "./object-info.ts";
import { inputError, type PromptError } from "./prompt-errors.ts";

/** More choices than this are not printed. */
const CHOICES_SHOWN_MAX = 20;

export type ConstantOutcome =
  | { readonly ok: true; readonly value: PythonJson }
  | { readonly ok: false; readonly error: PromptError };

export interface ConstantRules {
  /** False for inputs that the class checks by itself: limits and choices do not count then. */
  readonly hasLimits: boolean;
  /** Whether choices of the newer kind of combo are enforced. */
  readonly checksNewCombos: boolean;
}

/** Unwraps `{"__value__": …}`: the way to pass a literal list. */
export function unwrapConstant(value: PythonJson): PythonJson {
  return isPythonObject(value) && value.__value__ !== undefined ? value.__value__ : value;
}

/** Converts a constant to the declared type, then checks limits and choices. */
export function checkConstant(spec: InputSpec, value: PythonJson, rules: ConstantRules): ConstantOutcome {
  let converted: PythonJson;
  try {
    converted = convert(spec.type, value);
  } catch (error) {
    if (!(error instanceof ConversionError)) throw error;
    return { ok: false, error: conversionError(spec, value, error.message) };
  }
  const error = rules.hasLimits ? (checkLimits(spec, converted) ?? checkChoice(spec, converted, rules)) : undefined;
  return error === undefined ? { ok: true, value: converted } : { ok: false, error };
}

function convert(type: PythonJson, value: PythonJson): PythonJson {
  switch (type) {
    case "INT":
      return toPythonInt(value);
    case "FLOAT":
      return toPythonFloat(value);
    case "STRING":
      return toPythonText(value);
    case "BOOLEAN":
      return toPythonBool(value);
    default:
      return value;
  }
}

function conversionError(spec: InputSpec, value: PythonJson, reason: string): PromptError {
  const message = `Failed to convert an input value to a ${toPythonText(spec.type)} value`;
  const details = `${spec.name}, ${toPythonText(value)}, ${reason}`;
  const extra = { received_value: value, exception_message: reason };
  return inputError("invalid_input_type", message, details, spec, extra);
}

function checkLimits(spec: InputSpec, value: PythonJson): PromptError | undefined {
  const { min, max } = spec.options;
  const shown = toPythonText(value);
  if (min !== undefined && isBelow(value, min)) {
    const message = `Value ${shown} smaller than min of ${toPythonText(min)}`;
    return inputError("value_smaller_than_min", message, spec.name, spec, { received_value: value });
  }
  if (max !== undefined && isBelow(max, value)) {
    const message = `Value ${shown} bigger than max of ${toPythonText(max)}`;
    return inputError("value_bigger_than_max", message, spec.name, spec, { received_value: value });
  }
  return undefined;
}

/** Exact for integers beyond 2^53: a seed of 2^64 must not round into the limit of 2^64-1. */
function isBelow(first: PythonJson, second: PythonJson): boolean {
  const [a, b] = [toExact(first), toExact(second)];
  return a !== undefined && b !== undefined && a < b;
}

function toExact(value: PythonJson): number | bigint | undefined {
  return typeof value === "bigint" ? value : toNumber(value);
}

function checkChoice(spec: InputSpec, value: PythonJson, rules: ConstantRules): PromptError | undefined {
  const choices = choicesOf(spec, rules);
  if (choices === undefined || choices.some((choice) => isEqual(choice, value))) return undefined;
  const isLong = choices.length > CHOICES_SHOWN_MAX;
  const list = isLong ? `(list of length ${choices.length})` : toPythonRepr(choices);
  const details = `${spec.name}: '${toPythonText(value)}' not in ${list}`;
  const extra = { received_value: value, ...(isLong ? { input_config: null } : {}) };
  return inputError("value_not_in_list", "Value not in list", details, spec, extra);
}

function choicesOf(spec: InputSpec, rules: ConstantRules): readonly PythonJson[] | undefined {
  if (isPythonList(spec.type)) return spec.type;
  const { options } = spec.options;
  return rules.checksNewCombos && spec.type === "COMBO" && isPythonList(options) ? options : undefined;
}
