import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Outcome, root, runCommand } from "./run-command.ts";
import { lanes, longSteps, type Step } from "./steps.ts";
import {
  addCounts,
  type Counts,
  countTests,
  listSkipped,
  parseAllowedSkips,
  toCountsLine,
  type VitestReport,
} from "./test-report.ts";

const seconds = (startedMs: number) => `${((performance.now() - startedMs) / 1_000).toFixed(1).padStart(6)} s`;
const print = (text: string) => process.stdout.write(text);

/** Runs a step and prints its line; a failing step prints what it said as well. */
async function runStep({ name, run }: Step, signal: AbortSignal): Promise<string | undefined> {
  const startedMs = performance.now();
  const failed = (error: unknown): Outcome => ({ ok: false, output: `${error}\n` });
  const { ok, output, note } = await run(signal).catch(failed);
  print(`${ok ? "ok    " : "FAILED"} ${seconds(startedMs)}  ${name}${note === undefined ? "" : ` (${note})`}\n`);
  if (!ok) print(output.replace(/^(?=.)/gm, "    ").replace(/\n*$/, "\n"));
  return ok ? undefined : name;
}

/** One step after the other; gives the names of those that failed. */
async function runLane(lane: readonly Step[], signal: AbortSignal): Promise<string[]> {
  const failed: (string | undefined)[] = [];
  for (const step of lane) if (!signal.aborted) failed.push(await runStep(step, signal));
  return failed.filter((name) => name !== undefined);
}

/** Vitest over all projects, shown as it runs; gives its report, undefined when it did not get that far. */
async function runVitest(signal: AbortSignal): Promise<{ ok: boolean; report: VitestReport | undefined }> {
  const file = join(root, ".reports/vitest.json");
  await mkdir(join(root, ".reports"), { recursive: true });
  // A report of an earlier run must not stand in for one that was never written.
  await rm(file, { force: true });
  const args = ["run", "--reporter=default", "--reporter=json", `--outputFile.json=${file}`];
  const { ok } = await runCommand("vitest", args, { isShown: true, signal });
  const text = await readFile(file, "utf8").catch(() => undefined);
  return { ok, report: text === undefined ? undefined : JSON.parse(text) };
}

/** Skips that no list allows, each with a sentence. */
async function judgeSkips(report: VitestReport, listFile: string): Promise<string[]> {
  const allowed = parseAllowedSkips(await readFile(listFile, "utf8"));
  return listSkipped(report, root).filter((name) => !allowed.has(name));
}

function toLongStep(word: string): Step {
  const found = Object.entries(longSteps).find(([name]) => name === word);
  if (found) return found[1];
  throw new Error(`--long: expected one of ${Object.keys(longSteps).join(", ")}, got "${word}".`);
}

/**
 * `npm test`: steps, tests, and the counts as the last line.
 *
 * `--allowed-skips <file>` makes a skipped test a failure unless that file names it with a reason. `--long <word>` adds a proof that takes
 * minutes (chaos, attacks, fuzz); it may stand there several times.
 */
export async function runTestCommand(argv: readonly string[], signal: AbortSignal): Promise<number> {
  const options = { "allowed-skips": { type: "string" }, long: { type: "string", multiple: true } } as const;
  const { values } = parseArgs({ args: [...argv], options });
  const last = (values.long ?? []).map(toLongStep);
  const failures = (await Promise.all(lanes.map((lane) => runLane(lane, signal)))).flat();
  if (signal.aborted) return 130;

  print("\n");
  const startedMs = performance.now();
  const { ok, report } = await runVitest(signal);
  const counted = report ? countTests(report) : { passed: 0, failed: 0, skipped: 0 };
  // Vitest also fails over what is no test's fault alone, such as an error nobody caught: that is one failure more.
  const tests = ok || counted.failed > 0 ? counted : { ...counted, failed: 1 };
  print(`${tests.failed === 0 ? "ok    " : "FAILED"} ${seconds(startedMs)}  tests\n`);
  const failedLast = await runLane(last, signal);
  if (signal.aborted) return 130;

  const stepCount = lanes.flat().length + last.length;
  const failedCount = failures.length + failedLast.length;
  const steps: Counts = { passed: stepCount - failedCount, failed: failedCount, skipped: 0 };
  if (tests.failed > 0) failures.push("tests");
  failures.push(...failedLast);

  const listFile = values["allowed-skips"];
  const unexpected = report && listFile ? await judgeSkips(report, listFile) : [];
  for (const name of unexpected) print(`Skipped without a reason in ${listFile}: ${name}\n`);
  if (unexpected.length > 0) failures.push("skipped tests");

  const total = addCounts(addCounts(steps, tests), {
    passed: 0,
    failed: unexpected.length,
    skipped: -unexpected.length,
  });
  if (failures.length > 0) print(`\nFailed: ${failures.join(", ")}.\n`);
  print(`\nCounted: ${stepCount} steps and ${tests.passed + tests.failed + tests.skipped} tests.\n`);
  print(`${toCountsLine(total)}\n`);
  return failures.length === 0 ? 0 : 1;
}
