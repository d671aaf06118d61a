/** One table for people. Numbers are printed as they are: round them before. */
export interface Table {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
}

/** One measured number and what it is to reach. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly atMost?: number;
  readonly atLeast?: number;
}

/** What one section measured, and under which circumstances. */
export interface Report {
  readonly section: string;
  readonly configuration: Readonly<Record<string, string | number>>;
  readonly tables: readonly Table[];
  readonly figures: readonly Figure[];
  /** What could not be measured here, and why. */
  readonly skipped: readonly string[];
}

/** A figure that is not a number (nothing was measured) reaches nothing. */
export const isReached = ({ value, atMost, atLeast }: Figure): boolean =>
  (atMost === undefined || value <= atMost) && (atLeast === undefined || value >= atLeast) && !Number.isNaN(value);

export const round = (value: number, digits = 1): number => Number(value.toFixed(digits));

const toBound = ({ atMost, atLeast, unit }: Figure): string =>
  atMost !== undefined ? `at most ${atMost} ${unit}` : atLeast !== undefined ? `at least ${atLeast} ${unit}` : "";

function formatTable({ title, head, rows }: Table): string {
  const lines = [head, ...rows].map((cells) => cells.map(String));
  const widths = head.map((_, column) => Math.max(...lines.map((cells) => cells[column]?.length ?? 0)));
  const isNumber = head.map((_, column) => rows.every((cells) => typeof cells[column] === "number"));
  const toLine = (cells: readonly string[]) =>
    cells
      .map((cell, column) => (isNumber[column] ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)))
      .join("  ")
      .trimEnd();
  const [first = [], ...rest] = lines;
  return [title, toLine(first), toLine(widths.map((width) => "-".repeat(width))), ...rest.map(toLine)].join("\n");
}

/** A report as people read it in a terminal. */
export function formatReport(report: Report): string {
  const configuration = Object.entries(report.configuration).map(([name, value]) => `  ${name}: ${value}`);
  const figures: Table = {
    title: "Figures",
    head: ["", "measured", "to reach", ""],
    rows: report.figures.map((figure) => [
      figure.name,
      `${round(figure.value, 2)} ${figure.unit}`,
      toBound(figure),
      isReached(figure) ? "reached" : "MISSED",
    ]),
  };
  return [
    `== ${report.section} ==`,
    configuration.join("\n"),
    ...report.tables.map(formatTable),
    ...(report.figures.length ? [formatTable(figures)] : []),
    ...report.skipped.map((sentence) => `Not measured: ${sentence}`),
  ].join("\n\n");
}
