import { isPythonList, isPythonObject, PythonFloat, type PythonJson, toInteger } from "./values.ts";

/** What ECMAScript 2026 hands to a reviver: the source text of a primitive. TypeScript's library does not know it yet. */
type Reviver = (this: unknown, key: string, value: unknown, context?: { readonly source?: string }) => unknown;

/** Stands for NaN in the text that JSON.parse gets; nobody writes zero so. */
const NAN_SOURCE = "0e-4242424242";
/** Text in quotes, which is skipped, or one of the words that Python reads as numbers beyond JSON. */
const STRING_OR_WORD = /"(?:[^"\\]|\\.)*"|\bNaN\b|\bInfinity\b/gs;

/**
 * Parses JSON as Python does, NaN and Infinity included, without losing what Python keeps: `3.0` stays a float, integers stay exact beyond 2^53.
 * @throws SyntaxError when the text is not JSON; RangeError when it nests too deeply.
 */
export function parsePythonJson(text: string): PythonJson {
  const revive: Reviver = (_key, value, context) =>
    typeof value === "number" ? toPythonNumber(context?.source ?? String(value)) : value;
  const parsed: unknown = JSON.parse(spellOutWords(text), revive);
  assertPythonJson(parsed);
  return parsed;
}

/** Python's json also takes NaN, Infinity and -Infinity: numbers too large for a float read as infinite. */
function spellOutWords(text: string): string {
  if (!text.includes("NaN") && !text.includes("Infinity")) return text;
  return text.replace(STRING_OR_WORD, (found) =>
    found === "NaN" ? NAN_SOURCE : found === "Infinity" ? "1e999" : found,
  );
}

function toPythonNumber(source: string): number | bigint | PythonFloat {
  if (source === NAN_SOURCE) return new PythonFloat(Number.NaN);
  return /^-?\d+$/.test(source) ? toInteger(BigInt(source)) : new PythonFloat(Number(source));
}

/** JSON.parse can return nothing else; this tells the type system so. */
function assertPythonJson(value: unknown): asserts value is PythonJson {
  const isKnown = value === null || ["boolean", "string", "number", "bigint"].includes(typeof value);
  if (!isKnown && !isPythonList(value) && !isPythonObject(value) && !(value instanceof PythonFloat)) {
    throw new TypeError(`JSON parsed to ${typeof value}`);
  }
}
