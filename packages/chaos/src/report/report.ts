import { countBy } from "../audit/audit.ts";
import type { StrikeRecord } from "../evidence/records.ts";
import type { Outcome } from "../run.ts";
import { aimedStates } from "../strikes/aim.ts";
import { formatTable } from "./table.ts";

/** Strikes that each state must have seen in a run of the full size. */
const HITS_MIN = 5;
const FULL_RUN_STRIKES = 60;
const FAULTS_SHOWN = 40;

export interface Report {
  readonly verdict: "green" | "red";
  readonly seed: number;
  readonly faults: readonly string[];
  readonly strikes: Readonly<Record<string, number>>;
  readonly hits: Readonly<Record<string, number>>;
  readonly outcome: Omit<Outcome, "options" | "strikes">;
}

/** How many strikes met at least one job in each state. */
export function countHits(strikes: readonly Pick<StrikeRecord, "states">[]): Record<string, number> {
  const counts = countBy(strikes.flatMap(({ states }) => Object.keys(states)));
  return Object.fromEntries(aimedStates.map((state) => [state, counts[state] ?? 0]));
}

export function toReport(outcome: Outcome): Report {
  const { options, strikes, audit, open, ...rest } = outcome;
  const faults = audit.faults.map(({ sentence }) => sentence);
  if (open !== undefined)
    faults.push(`The service did not get quiet: ${open.jobs} jobs and ${open.deliveries} callbacks were still open.`);
  const hits = countHits(strikes);
  const isFullRun = options.killCount >= FULL_RUN_STRIKES;
  const missed = aimedStates.filter((state) => (hits[state] ?? 0) < HITS_MIN);
  if (isFullRun && missed.length > 0)
    faults.push(`Fewer than ${HITS_MIN} strikes met jobs that were: ${missed.join(", ")}. The run proves too little.`);
  return {
    verdict: faults.length === 0 ? "green" : "red",
    seed: options.seed,
    faults,
    strikes: countBy(strikes.map(({ kind, process }) => `${kind} ${process}`)),
    hits,
    outcome: { ...rest, audit, open },
  };
}

const seconds = (ms: number) => `${Math.round(ms / 1_000)} s`;

/** The report as people read it. */
export function formatReport(outcome: Outcome, report: Report): string {
  const { audit, strikes, gaveUp, deaths, badExits, loadMs, quietMs, folder } = outcome;
  const twice = audit.repeats.filter(({ isRenderedTwice }) => isRenderedTwice).length;
  const states = Object.entries(audit.jobsByState).map(([state, count]) => `${count} ${state}`);
  const causes = Object.entries(countBy(audit.repeats.map(({ cause }) => cause)));
  const parts = [
    `Seed ${report.seed}: ${strikes.length} strikes in ${seconds(loadMs)}, quiet ${seconds(quietMs)} after the last was healed.`,
    formatStrikes(strikes),
    formatTable(
      [{ head: "jobs were, at a strike" }, { head: "strikes", align: "right" }],
      Object.entries(report.hits).map(([state, count]) => [state, `${count}`]),
    ),
    formatTable(
      [{ head: "outcome" }, { head: "" }],
      [
        ["accepted, as callers heard", `${audit.accepted}`],
        ["jobs in the database", `${audit.jobs}: ${states.join(", ")}`],
        ["submissions to backends", `${audit.submissions}`],
        ["repeated submissions", `${audit.repeats.length}, of which ${twice} rendered the same thing to the end twice`],
        ...causes.map(([cause, count]) => [`  cause: ${cause}`, `${count}`]),
        ["webhooks", `${audit.webhooks.received} received, ${audit.webhooks.distinct} distinct`],
        ["calls that never heard of an acceptance", `${gaveUp}`],
        ["processes that ended by themselves", toList(deaths)],
        ["servers that did not end in order", badExits.join(", ") || "none"],
      ],
    ),
    ...formatFaults(report.faults),
    report.verdict === "green"
      ? "GREEN: nothing was lost, rendered twice without a cause, or left hanging."
      : `RED: ${report.faults.length} faults. The evidence is kept in ${folder}`,
  ];
  return `\n${parts.join("\n\n")}\n`;
}

const toList = (counts: Readonly<Record<string, number>>) =>
  Object.entries(counts)
    .map(([name, count]) => `${name} ${count}`)
    .join(", ") || "none";

function formatFaults(faults: readonly string[]): string[] {
  if (faults.length === 0) return [];
  const shown = faults.slice(0, FAULTS_SHOWN).map((sentence) => `  ${sentence}`);
  const rest = faults.length - shown.length;
  return [["Faults:", ...shown, ...(rest > 0 ? [`  … and ${rest} more`] : [])].join("\n")];
}

function formatStrikes(strikes: readonly StrikeRecord[]): string {
  const kinds = ["kill", "freeze", "restart", "blackhole", "cut"] as const;
  const processes = [...new Set(strikes.map(({ process }) => process))].sort();
  const count = (process: string, kind: string) =>
    strikes.filter((one) => one.process === process && one.kind === kind).length;
  return formatTable(
    [{ head: "struck" }, ...kinds.map((head) => ({ head, align: "right" as const }))],
    processes.map((process) => [process, ...kinds.map((kind) => `${count(process, kind) || "-"}`)]),
  );
}
