import { type CaseResult, isGood } from "../run/result.ts";

/** Both verdicts on a case, as far as they were asked for. */
export interface ReportRow {
  readonly name: string;
  readonly group: string;
  readonly on?: CaseResult;
  readonly off?: CaseResult;
}

export interface Report {
  readonly isGreen: boolean;
  readonly counts: {
    readonly cases: number;
    readonly refused: number;
    /** Attacks that came through although all defences were on. */
    readonly holes: number;
    readonly proven: number;
    /** Cases whose attack fails without its defence, too: they prove nothing. */
    readonly unproven: number;
    readonly errors: number;
  };
  readonly rows: readonly ReportRow[];
}

export function toReport(results: readonly CaseResult[]): Report {
  const byName = Map.groupBy(results, ({ name }) => name);
  const rows = [...byName].map(([name, own]): ReportRow => {
    const [on, off] = [own.find(({ defences }) => defences === "on"), own.find(({ defences }) => defences === "off")];
    return { name, group: own[0]?.group ?? "", ...(on && { on }), ...(off && { off }) };
  });
  const count = (defences: string, outcome: string) =>
    results.filter((result) => result.defences === defences && result.outcome === outcome).length;
  return {
    isGreen: results.every(isGood),
    counts: {
      cases: rows.length,
      refused: count("on", "refused"),
      holes: count("on", "succeeded"),
      proven: count("off", "succeeded"),
      unproven: count("off", "refused"),
      errors: results.filter(({ outcome }) => outcome === "error").length,
    },
    rows,
  };
}

const verdictOf = (result: CaseResult | undefined): string => result?.outcome ?? "-";

/** A line for each case, what went wrong below it, and the counts. */
export function formatReport({ rows, counts }: Report): string {
  const width = Math.max(4, ...rows.map(({ name }) => name.length));
  const groupWidth = Math.max(5, ...rows.map(({ group }) => group.length));
  const toLine = (group: string, name: string, on: string, off: string) =>
    `${group.padEnd(groupWidth)}  ${name.padEnd(width)}  ${on.padEnd(10)}  ${off}`.trimEnd();
  const lines = rows.flatMap(({ group, name, on, off }) => [
    toLine(group, name, verdictOf(on), verdictOf(off)),
    ...[on, off].flatMap((result) => (result && !isGood(result) ? [`    ${result.defences}: ${result.evidence}`] : [])),
  ]);
  const { cases, refused, holes, proven, unproven, errors } = counts;
  return [
    toLine("group", "attack", "defended", "defence off"),
    ...lines,
    "",
    `${cases} attacks: ${refused} refused and ${holes} holes with all defences on; ${proven} proven and ${unproven} unproven with their defence off; ${errors} errors`,
  ].join("\n");
}
