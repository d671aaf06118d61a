import { createCaller } from "../load/caller.ts";
import { type LoadResult, percentile, perSecond, runClosedLoop } from "../load/closed-loop.ts";
import { type CpuUse, countCpu } from "../load/cpu.ts";
import { createAgent } from "../load/http.ts";
import { type Deployment, NOT_INSTALLED, startDeployment } from "../parts/deployment.ts";
import { toKeys } from "../parts/server.ts";
import { type Stubs, startStubs } from "../parts/stubs.ts";
import { readTransactions } from "../parts/transactions.ts";
import { type Figure, type Report, round } from "../report.ts";
import type { Section, SectionOptions } from "./section.ts";

const BACKENDS = 8;
const OUTPUT_BYTES = 1_000;
const CONCURRENCY = 64;
const JOBS = 2_000;
const WARM_UP_JOBS = 400;
const OWNERS = [1, 100];
const TO_REACH = { "PostgreSQL + Redis": 100, embedded: 60 };

const HEAD = [
  "",
  "owners",
  "jobs/s",
  "p50 ms",
  "p99 ms",
  "not done",
  "CPU ms/job: service",
  "database",
  "stubs",
  "load",
  "SQL/job",
];

/** How many jobs a second go all the way when rendering costs nothing. */
export const throughput: Section = { name: "throughput", run: runThroughput };

async function runThroughput({ deployments, profileFolder, scale, say }: SectionOptions): Promise<Report> {
  const rows: (string | number)[][] = [];
  const figures: Figure[] = [];
  const skipped: string[] = [];
  const configuration: Record<string, string | number> = {
    "stub backends": BACKENDS,
    "output of a job": `${OUTPUT_BYTES} bytes, different each time`,
    "callers at once": CONCURRENCY,
    jobs: Math.ceil(JOBS * scale),
    "a job is": "POST /image, answered when the picture is stored; load generator and stubs run on the same cores",
  };
  for (const name of deployments) {
    await using stubs = await startStubs(BACKENDS);
    await stubs.configure({ outputBytes: OUTPUT_BYTES, durationMs: 0 });
    const options = { backends: stubs.urls, keys: toKeys(Math.max(...OWNERS)), profileFolder };
    await using deployment = (await startDeployment(name, options)) ?? null;
    if (!deployment) {
      skipped.push(NOT_INSTALLED);
      continue;
    }
    configuration[name] = deployment.description;
    for (const owners of OWNERS) {
      say(`throughput: ${name}, owners: ${owners}`);
      const measured = await measure(deployment, stubs, owners, scale);
      rows.push(toRow(name, owners, measured));
      const figure = { name: `${name}, ${owners} ${owners === 1 ? "owner" : "owners"}`, unit: "jobs/s" };
      figures.push({ ...figure, value: perSecond(measured.result), atLeast: TO_REACH[name] });
    }
  }
  return {
    section: "throughput",
    configuration,
    tables: [{ title: "Throughput", head: HEAD, rows }],
    figures,
    skipped,
  };
}

interface Measured {
  readonly result: LoadResult;
  readonly cpu: CpuUse;
  readonly transactions: number | undefined;
}

async function measure(deployment: Deployment, stubs: Stubs, owners: number, scale: number): Promise<Measured> {
  const agent = createAgent();
  const { server, databaseUrl } = deployment;
  const { generateOnly: work } = createCaller({ server, keys: toKeys(owners), agent, sizeBytes: OUTPUT_BYTES });
  await runClosedLoop({ concurrency: CONCURRENCY, count: Math.ceil(WARM_UP_JOBS * scale), work });
  const before = await readTransactions(databaseUrl);
  const stop = countCpu(deployment, stubs);
  const result = await runClosedLoop({ concurrency: CONCURRENCY, count: Math.ceil(JOBS * scale), work });
  const cpu = stop();
  const after = await readTransactions(databaseUrl);
  await agent.close();
  return { result, cpu, transactions: after === undefined ? undefined : after - (before ?? 0) };
}

function toRow(name: string, owners: number, { result, cpu, transactions }: Measured): (string | number)[] {
  const jobs = result.durationsMs.length;
  return [
    name,
    owners,
    round(perSecond(result)),
    round(percentile(result.durationsMs, 0.5)),
    round(percentile(result.durationsMs, 0.99)),
    result.hangs + result.failures.length,
    ...[cpu.service, cpu.database, cpu.stubs, cpu.load].map((ms) => round(ms / jobs, 2)),
    transactions === undefined ? "" : round(transactions / jobs, 1),
  ];
}
