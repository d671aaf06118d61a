import { printFloat } from "./print-value.ts";
import { PythonFloat } from "./values.ts";

/**
 * Prints like Python's `json.dumps`: `", "` and `": "`, everything beyond ASCII escaped, floats with a point.
 * Maps print as objects and keep their order; undefined members are left out; plain fractions print as floats.
 */
export function toPythonJson(value: unknown): string {
  switch (typeof value) {
    case "string":
      return quote(value);
    case "number":
      return Number.isInteger(value) && !Object.is(value, -0) ? BigInt(value).toString() : printFloat(value);
    case "bigint":
      return value.toString();
    case "boolean":
      return value ? "true" : "false";
    case "object":
      return value === null ? "null" : printStructure(value);
    default:
      return "null";
  }
}

function printStructure(value: object): string {
  if (value instanceof PythonFloat) return printFloat(value.value);
  if (Array.isArray(value)) return `[${value.map(toPythonJson).join(", ")}]`;
  const entries: Iterable<[unknown, unknown]> = value instanceof Map ? value : Object.entries(value);
  const members: string[] = [];
  for (const [key, item] of entries) {
    if (item !== undefined) members.push(`${quote(String(key))}: ${toPythonJson(item)}`);
  }
  return `{${members.join(", ")}}`;
}

/** JSON.stringify leaves text beyond ASCII as it is; Python escapes every UTF-16 unit of it, and DEL not at all. */
function quote(text: string): string {
  return JSON.stringify(text).replace(
    /[\u0080-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
