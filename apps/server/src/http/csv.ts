export type CsvCell = string | number | null | undefined;

/** A cell that begins so is a formula to a spreadsheet, which would compute it, or fetch what it names. */
const FORMULA = /^[=+\-@\t\r\n\uFF0B\uFF0D\uFF1D\uFF20]/;
const NEEDS_QUOTES = /[",\r\n]/;

function toCell(value: CsvCell): string {
  // Numbers are ours, and a negative one is no formula.
  if (typeof value !== "string") return value == null ? "" : String(value);
  const text = FORMULA.test(value) ? `'${value}` : value;
  return NEEDS_QUOTES.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/**
 * Rows as RFC 4180 has them: a header, CRLF after each line, quotes where they are needed. Texts that a spreadsheet would take for a
 * formula begin with an apostrophe.
 *
 * @example toCsv(["key", "bytes"], [["=1+1", 12]]) // "key,bytes\r\n'=1+1,12\r\n"
 */
export function toCsv(header: readonly string[], rows: readonly (readonly CsvCell[])[]): string {
  return [header, ...rows].map((row) => `${row.map(toCell).join(",")}\r\n`).join("");
}
