// The command behind `npm run bench`: measures, prints tables, and writes the same as JSON where it is told to.
import { mkdir, writeFile } from "node:fs/promises";
import { availableParallelism, cpus } from "node:os";
import { dirname, resolve } from "node:path";
import { parseArgs } from "node:util";
import type { DeploymentName } from "./parts/deployment.ts";
import { hasProc } from "./parts/proc.ts";
import { formatReport, isReached, type Report } from "./report.ts";
import { depth } from "./sections/depth.ts";
import { limits } from "./sections/limits.ts";
import { listeners } from "./sections/listeners.ts";
import { memory } from "./sections/memory.ts";
import { overhead } from "./sections/overhead.ts";
import type { Section } from "./sections/section.ts";
import { throughput } from "./sections/throughput.ts";

const sections: readonly Section[] = [overhead, throughput, depth, listeners, memory, limits];
const names = sections.map(({ name }) => name).join(" ");

const databases: Readonly<Record<string, DeploymentName>> = { postgres: "PostgreSQL + Redis", embedded: "embedded" };

const USAGE = `Usage: npm run bench -- [sections] [options]

Sections: ${names} (none given: all of them)

  --json FILE      writes the figures and tables as JSON too
  --database NAME  postgres or embedded; both without it
  --scale SHARE    a share of the usual numbers of requests, for a first look: 0.1
  --profile FOLDER the service writes CPU profiles there (https://nodejs.org/en/learn/getting-started/profiling)
`;

function toDeployments(database: string | undefined): readonly DeploymentName[] {
  if (database === undefined) return Object.values(databases);
  const name = databases[database];
  if (name === undefined)
    throw new Error(`--database is "${database}"; expected ${Object.keys(databases).join(" or ")}.`);
  return [name];
}

/** One section that breaks does not cost the figures of the others. */
function toFailed({ name }: Section, error: unknown): Report {
  process.exitCode = 1;
  const sentence = `${name} broke off: ${error instanceof Error ? error.message : String(error)}`;
  return { section: name, configuration: {}, tables: [], figures: [], skipped: [sentence] };
}

async function main(argv: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      json: { type: "string" },
      scale: { type: "string", default: "1" },
      profile: { type: "string" },
      database: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const unknown = positionals.filter((name) => !sections.some((section) => section.name === name));
  if (unknown.length > 0) throw new Error(`There is no section ${unknown.join(", ")}. There are: ${names}.`);
  if (!hasProc) throw new Error("The measurements read /proc, which this system does not have: run them on Linux.");
  const scale = Number(values.scale);
  if (!(scale > 0 && scale <= 10)) throw new Error(`--scale is "${values.scale}"; expected a share such as 0.1.`);

  const [cpu] = cpus();
  const machine = `${availableParallelism()} × ${cpu?.model ?? "unknown"}, ${process.platform}, Node ${process.versions.node}`;
  process.stdout.write(`${machine}\n\n`);
  const reports: Report[] = [];
  const say = (sentence: string) => void process.stderr.write(`… ${sentence}\n`);
  const deployments = toDeployments(values.database);
  const options = {
    deployments,
    scale,
    say,
    profileFolder: values.profile === undefined ? undefined : resolve(values.profile),
  };
  for (const section of sections) {
    if (positionals.length > 0 && !positionals.includes(section.name)) continue;
    const report = await section.run(options).catch((error: unknown) => toFailed(section, error));
    reports.push(report);
    process.stdout.write(`${formatReport(report)}\n\n`);
  }
  const figures = reports.flatMap((report) =>
    report.figures.map((figure) => ({ ...figure, isReached: isReached(figure) })),
  );
  const reached = figures.filter((figure) => figure.isReached).length;
  process.stdout.write(`${reached} of ${figures.length} figures reached.\n`);
  if (values.json !== undefined) {
    const file = resolve(values.json);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, `${JSON.stringify({ machine, scale, reports }, null, 2)}\n`);
  }
  return Number(process.exitCode ?? 0);
}

const [, , ...argv] = process.argv;
try {
  // pnpm passes the `--` on that npm swallows.
  process.exitCode = await main(argv[0] === "--" ? argv.slice(1) : argv);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
