// In V8 since 2023, but not yet in TypeScript's library: writes a bigint as a plain JSON number.
const { rawJSON } = JSON as typeof JSON & { rawJSON(text: string): unknown };

/** JSON text for a `json` column; bigints become exact numbers. An escaped zero character is fine in there, unlike in `text`. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) => (typeof item === "bigint" ? rawJSON(item.toString()) : item));
}

/** Text for a `text` column: PostgreSQL refuses zero characters, so one becomes U+FFFD and the row can be written. */
export function toText(value: string): string {
  return value.replaceAll("\0", "\uFFFD");
}

/** The same for a text that may be absent. */
export function toTextOrNull(value: string | undefined): string | null {
  return value === undefined ? null : toText(value);
}
