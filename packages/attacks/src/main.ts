import { writeFile } from "node:fs/promises";
import type { AttackCase } from "./attack.ts";
import { attackCases } from "./cases/index.ts";
import { type AttackOptions, parseCommandLine, USAGE } from "./command-line.ts";
import { formatReport, toReport } from "./report/report.ts";
import { type CaseResult, isGood } from "./run/result.ts";
import { runDefended, runUndefended } from "./run/run.ts";
import { openStage } from "./stage/stage.ts";

const print = (text: string) => process.stdout.write(`${text}\n`);

function choose({ names, groups }: AttackOptions): readonly AttackCase[] {
  return attackCases.filter(
    ({ name, group }) =>
      (names.length === 0 || names.some((part) => name.includes(part))) &&
      (groups.length === 0 || groups.includes(group)),
  );
}

async function carryOut(cases: readonly AttackCase[], { defences, laneCount }: AttackOptions): Promise<CaseResult[]> {
  const stage = await openStage(cases.map(({ name }) => name));
  let count = 0;
  const total = cases.length * defences.length;
  const onResult = (result: CaseResult) => {
    const { name, defences: switched, outcome, evidence } = result;
    const place = `${String(++count).padStart(3)}/${total}`;
    if (isGood(result)) print(`${place}  ok   defences ${switched}: ${name}: ${outcome}`);
    else print(`${place}  RED  defences ${switched}: ${name}: ${outcome}: ${evidence}`);
  };
  try {
    const options = { laneCount, onResult };
    const defended = defences.includes("on") ? await runDefended(cases, stage, options) : [];
    const undefended = defences.includes("off") ? await runUndefended(cases, stage, options) : [];
    return [...defended, ...undefended];
  } finally {
    await stage.close();
  }
}

/** The command: 0 when every attack was refused, and succeeded without its defence. */
async function main(): Promise<number> {
  const options = parseCommandLine(process.argv.slice(2));
  if (options === "help") {
    print(USAGE);
    return 0;
  }
  const cases = choose(options);
  if (options.isList) {
    print(cases.map(({ group, name }) => `${group}: ${name}`).join("\n"));
    return 0;
  }
  if (cases.length === 0) throw new Error("No attack has such a name or group; --list tells them.");
  for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, () => process.exit(130));
  const report = toReport(await carryOut(cases, options));
  print(formatReport(report));
  if (options.jsonFile !== undefined) await writeFile(options.jsonFile, JSON.stringify(report, undefined, 2));
  return report.isGreen ? 0 : 1;
}

try {
  process.exit(await main());
} catch (error) {
  process.stderr.write(`attacks: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
