import type { InvalidField } from "@comfy/contracts";
import { AppError } from "../errors.ts";

/** What a schema found, as Standard Schema tells it. */
export interface Issue {
  readonly message: string;
  readonly path?: readonly unknown[] | undefined;
  /** Names that the schema does not know, where the issue is about them. */
  readonly keys?: readonly unknown[] | undefined;
}

/** Issues found in one place, and what was looked at. */
export interface Findings {
  readonly issues: readonly Issue[];
  readonly value: unknown;
  /** Put before the path: `?` for the query. */
  readonly prefix?: string;
}

const FIELDS_MAX = 20;
const SHOWN_LENGTH_MAX = 40;
const PATH_LENGTH_MAX = 120;

/** What came, short enough for a sentence. */
function describe(value: unknown): string {
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" && value !== null) return "an object";
  const text = JSON.stringify(value) ?? String(value);
  return text.length <= SHOWN_LENGTH_MAX ? text : `${String(value).length} characters`;
}

const toKey = (part: unknown): PropertyKey => {
  const key = typeof part === "object" && part !== null && "key" in part ? part.key : part;
  return typeof key === "number" || typeof key === "symbol" ? key : String(key);
};

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (at, key) => (typeof at === "object" && at !== null ? Reflect.get(at, key) : undefined),
    value,
  );
}

/** What was expected, out of the schema's own words, e.g. "Too small: expected string to have >=1 characters". */
function toExpectation(message: string): string {
  const expected = /expected (.*?)(?:, received .*)?$/.exec(message)?.[1] ?? `another value (${message})`;
  return expected
    .replace(/^string to have >=1 characters$/, "text that is not empty")
    .replace(/^string to have (.*)$/, "text of $1")
    .replace(/^string$/, "text")
    .replace(/^number to be /, "a number ")
    .replace(/^number$/, "a number")
    .replace(/^int$/, "a whole number")
    .replace(/^boolean$/, "true or false")
    .replace(/^object$/, "an object");
}

function toFields({ value, prefix = "" }: Findings, { message, path = [], keys: unknown }: Issue): InvalidField[] {
  const keys = path.map(toKey);
  const toPath = (names: readonly unknown[]) => prefix + names.map(String).join(".");
  if (unknown !== undefined) {
    return unknown.map((name) => {
      return { path: toPath([...keys, name]).slice(0, PATH_LENGTH_MAX), message: "expected no field of this name" };
    });
  }
  const words = message === "Invalid URL" ? "expected a http or https URL" : message;
  const sentence = `expected ${toExpectation(words)}, got ${describe(valueAt(value, keys))}`;
  return [{ path: toPath(keys), message: sentence }];
}

/** The refusal of an input: one sentence about the first field, all of them as details. */
export function toInvalidInput(findings: readonly Findings[]): AppError {
  const fields = findings.flatMap((found) => found.issues.flatMap((issue) => toFields(found, issue)));
  const [first] = fields;
  const sentence = first
    ? `${first.path || "The body"}: ${first.message}`
    : "The request is not what the route expects.";
  return new AppError("invalid_input", sentence, { details: fields.slice(0, FIELDS_MAX) });
}
