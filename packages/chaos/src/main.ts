import { rm, writeFile } from "node:fs/promises";
import { parseCommandLine, USAGE } from "./command-line.ts";
import { formatReport, toReport } from "./report/report.ts";
import { run } from "./run.ts";

const print = (text: string) => process.stdout.write(`${text}\n`);

/** The command: 0 when the audit is green, 1 when it is red or the run could not be played. */
async function main(): Promise<number> {
  const options = parseCommandLine(process.argv.slice(2));
  if (options === "help") {
    print(USAGE);
    return 0;
  }
  const stopping = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const)
    process.on(name, () => {
      // The second one means it; the children are taken along.
      if (stopping.signal.aborted) process.exit(130);
      stopping.abort(new Error(`Stopped by ${name}.`));
    });
  print(`Chaos with seed ${options.seed}`);
  const outcome = await run(options, (sentence) => print(`  ${sentence}`), stopping.signal);
  const report = toReport(outcome);
  print(formatReport(outcome, report));
  if (options.jsonFile !== undefined) await writeFile(options.jsonFile, JSON.stringify(report, undefined, 2));
  if (report.verdict === "green" && !options.isKept) await rm(outcome.folder, { recursive: true, force: true });
  return report.verdict === "green" ? 0 : 1;
}

try {
  process.exit(await main());
} catch (error) {
  process.stderr.write(`chaos: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
