import { writeFile } from "node:fs/promises";
import { parseCommandLine, USAGE } from "./command-line.ts";
import { fuzz } from "./fuzz.ts";
import { formatReport } from "./report/report.ts";

const print = (text: string) => process.stdout.write(`${text}\n`);

/** The command: 0 when every answer kept to the document and every operation worked at least once. */
async function main(): Promise<number> {
  const options = parseCommandLine(process.argv.slice(2));
  if (options === "help") {
    print(USAGE);
    return 0;
  }
  const stopping = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => stopping.abort());
  print(`seed ${options.seed}, ${options.requestCount} requests`);
  const onProgress = (done: number) => print(`… ${done}`);
  const report = await fuzz(options, { signal: stopping.signal, onProgress });
  print(formatReport(report));
  if (options.jsonFile !== undefined) await writeFile(options.jsonFile, JSON.stringify(report, undefined, 2));
  return report.faults.length === 0 ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`fuzz: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
