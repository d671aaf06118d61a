import { AppError } from "../errors.ts";

/** Deeper than any input of ours; what is deeper is an attack on whoever walks it. */
const DEPTH_MAX = 32;

/** Names through which an object can change what all objects are. */
const FORBIDDEN = new Set(["__proto__", "constructor", "prototype"]);

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new AppError("invalid_json", "The body is not valid UTF-8: expected a JSON object.", { cause });
  }
}

function parse(text: string): unknown {
  if (text.trim() === "") throw new AppError("invalid_json", "The body is empty: expected a JSON object.");
  try {
    return JSON.parse(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.slice(0, 160) : "";
    throw new AppError("invalid_json", `The body is not valid JSON: ${reason}`, { cause });
  }
}

/** Walks with a list of its own: a recursive walk would itself fall to the depth it looks for. */
function assertHarmless(root: unknown): void {
  const open: { value: unknown; depth: number }[] = [{ value: root, depth: 0 }];
  for (let next = open.pop(); next; next = open.pop()) {
    const { value, depth } = next;
    if (typeof value !== "object" || value === null) continue;
    if (depth === DEPTH_MAX) {
      throw new AppError("invalid_json", `The body is nested too deeply: expected at most ${DEPTH_MAX} levels.`);
    }
    for (const [key, child] of Object.entries(value)) {
      if (FORBIDDEN.has(key))
        throw new AppError("invalid_json", `The body holds a field named ${key}: that name is not accepted.`);
      if (typeof child === "object") open.push({ value: child, depth: depth + 1 });
    }
  }
}

/** A JSON body. @throws AppError `invalid_json` with a sentence for whoever wrote it */
export function parseJson(bytes: Uint8Array): unknown {
  const value = parse(decode(bytes));
  assertHarmless(value);
  return value;
}
