import { isPythonList, isPythonObject, PythonFloat, type PythonJson, toInteger } from "./values.ts";

/** What ECMAScript 2026 hands to a reviver: the source text of a primitive. TypeScript's library does not know it yet. */
type Reviver = (this: unknown, key: string, value: unknown, context?: { readonly source?: string }) => unknown;

/**
 * Parses JSON without losing what Python keeps: `3.0` stays a float, integers stay exact beyond 2^53.
 * @throws SyntaxError when the text is not JSON; RangeError when it nests too deeply.
 */
export function parsePythonJson(text: string): PythonJson {
  const revive: Reviver = (_key, value, context) =>
    typeof value === "number" ? toPythonNumber(context?.source ?? String(value)) : value;
  const parsed: unknown = JSON.parse(text, revive);
  assertPythonJson(parsed);
  return parsed;
}

function toPythonNumber(source: string): number | bigint | PythonFloat {
  return /^-?\d+$/.test(source) ? toInteger(BigInt(source)) : new PythonFloat(Number(source));
}

/** JSON.parse can return nothing else; this tells the type system so. */
function assertPythonJson(value: unknown): asserts value is PythonJson {
  const isKnown = value === null || ["boolean", "string", "number", "bigint"].includes(typeof value);
  if (!isKnown && !isPythonList(value) && !isPythonObject(value) && !(value instanceof PythonFloat)) {
    throw new TypeError(`JSON parsed to ${typeof value}`);
  }
}
