/** One column: its head, and on which side its cells are flush. */
export interface Column {
  readonly head: string;
  readonly align?: "left" | "right";
}

/** A table as plain text, each column as wide as its widest cell. */
export function formatTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const widths = columns.map(({ head }, index) => Math.max(head.length, ...rows.map((row) => row[index]?.length ?? 0)));
  const toLine = (cells: readonly string[]) =>
    columns
      .map(({ align = "left" }, index) => {
        const cell = cells[index] ?? "";
        const width = widths[index] ?? 0;
        return align === "right" ? cell.padStart(width) : cell.padEnd(width);
      })
      .join("  ")
      .trimEnd();
  return [toLine(columns.map(({ head }) => head)), ...rows.map(toLine)].join("\n");
}
