// In V8 since 2023, but not yet in TypeScript's library: writes a bigint as a plain JSON number.
const { rawJSON } = JSON as typeof JSON & { rawJSON(text: string): unknown };

/** JSON text; bigints become exact numbers, so that 64-bit seeds arrive unrounded. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) => (typeof item === "bigint" ? rawJSON(item.toString()) : item));
}

// Strings are matched first, so that words inside them are left alone.
const pythonNumbers = /"(?:[^"\\]|\\.)*"|-?Infinity|NaN/g;

const toJsonNumber = (token: string): string => {
  if (token.startsWith('"')) return token;
  if (token === "NaN") return "null";
  return token.startsWith("-") ? "-1e999" : "1e999";
};

/**
 * JSON as Python writes it: a pack that declares `max: inf`, or a stranger's priority "inf", puts a bare `Infinity` or `NaN` into an
 * answer. NaN becomes null.
 *
 * @throws SyntaxError when it is not JSON in this sense either.
 */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const repaired = text.replace(pythonNumbers, toJsonNumber);
    if (repaired === text) throw error;
    return JSON.parse(repaired);
  }
}
