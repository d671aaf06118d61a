import type { Tally } from "../check/tally.ts";
import type { Operation } from "../document/operations.ts";

/** The least share of requests that must get past keys and limits for a run to mean anything. */
const ADMITTED_SHARE_MIN = 0.6;

export interface Report {
  readonly seed: number;
  readonly seconds: number;
  readonly requests: number;
  readonly admittedShare: number;
  readonly statuses: Readonly<Record<string, number>>;
  readonly operations: readonly OperationRow[];
  readonly findings: Tally["findings"];
  /** What is wrong with the run or the service; green when empty. */
  readonly faults: readonly string[];
}

interface OperationRow {
  readonly id: string;
  readonly requests: number;
  readonly successes: number;
  readonly statuses: Readonly<Record<string, number>>;
}

export interface RunFacts {
  readonly seed: number;
  readonly seconds: number;
  readonly wanted: number;
  readonly serviceDied: boolean;
}

export function toReport(tally: Tally, operations: readonly Operation[], facts: RunFacts): Report {
  const { requestCount, admittedCount, findings } = tally;
  const admittedShare = requestCount === 0 ? 0 : admittedCount / requestCount;
  const rows = operations.map(({ id }) => {
    const { requests, successes, statuses } = tally.outcomesOf(id);
    return { id, requests, successes, statuses: toSorted(statuses) };
  });
  const unproven = rows.filter(({ successes }) => successes === 0).map(({ id }) => id);
  const faults = [
    ...findings.map(({ operation, problem, count }) => `${operation}: ${problem} (${count} times)`),
    ...(unproven.length > 0 ? [`Never answered in the 2xx: ${unproven.join(", ")}.`] : []),
    ...(admittedShare < ADMITTED_SHARE_MIN
      ? [
          `Only ${toPercent(admittedShare)} of the requests got past keys and limits; expected ${toPercent(ADMITTED_SHARE_MIN)}.`,
        ]
      : []),
    ...(requestCount < facts.wanted * 0.99 ? [`Only ${requestCount} of ${facts.wanted} requests were made.`] : []),
    ...(facts.serviceDied ? ["The service ended in the middle of it."] : []),
  ];
  const statuses = toSorted(tally.statuses);
  const { seed, seconds } = facts;
  return { seed, seconds, requests: requestCount, admittedShare, statuses, operations: rows, findings, faults };
}

const toSorted = (statuses: ReadonlyMap<number, number>): Readonly<Record<string, number>> =>
  Object.fromEntries([...statuses].toSorted(([left], [right]) => left - right));

const toPercent = (share: number): string => `${(share * 100).toFixed(1)} %`;

const toWords = (statuses: Readonly<Record<string, number>>): string =>
  Object.entries(statuses)
    .map(([status, count]) => `${status}×${count}`)
    .join(" ");

/** The report for a person. */
export function formatReport(report: Report): string {
  const { seed, seconds, requests, admittedShare, statuses, operations, findings, faults } = report;
  const most = Math.max(1, ...Object.values(statuses));
  const histogram = Object.entries(statuses).map(
    ([status, count]) => `  ${status}  ${String(count).padStart(6)}  ${"█".repeat(Math.ceil((count / most) * 40))}`,
  );
  const rows = operations.map(
    ({ id, requests: asked, successes, statuses: own }) =>
      `  ${id.padEnd(32)}${String(asked).padStart(6)}${String(successes).padStart(8)}   ${toWords(own)}`,
  );
  const details = findings.map(
    ({ operation, problem, method, target, status, sent, answered }) =>
      `  ${operation}: ${problem}\n    ${method} ${target} → ${status}\n    sent ${JSON.stringify(sent)}\n    got  ${JSON.stringify(answered)}`,
  );
  return [
    `${requests} requests in ${seconds.toFixed(0)} s, seed ${seed}; ${toPercent(admittedShare)} got past keys and limits.`,
    "",
    "Statuses",
    ...histogram,
    "",
    `  ${"operation".padEnd(32)}${"asked".padStart(6)}${"2xx".padStart(8)}`,
    ...rows,
    "",
    ...(details.length > 0 ? ["Findings", ...details, ""] : []),
    ...(faults.length > 0
      ? ["RED", ...faults.map((fault) => `  ${fault}`)]
      : ["GREEN: every answer keeps to the document."]),
  ].join("\n");
}
