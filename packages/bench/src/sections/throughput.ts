import { createCaller } from "../load/caller.ts";
import { type LoadResult, percentile, perSecond, runClosedLoop } from "../load/closed-loop.ts";
import { createAgent } from "../load/http.ts";
import { type Deployment, NOT_INSTALLED, startDeployment } from "../parts/deployment.ts";
import { readCpuMs } from "../parts/proc.ts";
import { toKeys } from "../parts/server.ts";
import { startStubs } from "../parts/stubs.ts";
import { type Figure, type Report, round } from "../report.ts";
import type { Section, SectionOptions } from "./section.ts";

const BACKENDS = 8;
const OUTPUT_BYTES = 1_000;
const CONCURRENCY = 64;
const JOBS = 2_000;
const OWNERS = [1, 100];
const TO_REACH = { "PostgreSQL + Redis": 100, embedded: 60 };

/** How many jobs a second go all the way when rendering costs nothing. */
export const throughput: Section = { name: "throughput", run: runThroughput };

async function runThroughput({ profileFolder, scale, say }: SectionOptions): Promise<Report> {
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
  for (const name of ["PostgreSQL + Redis", "embedded"] as const) {
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
      say(`throughput: ${name}, ${owners} owners`);
      const { result, cpuMsPerJob } = await measure(deployment, owners, scale);
      const cells = [
        round(perSecond(result)),
        round(percentile(result.durationsMs, 0.5)),
        round(percentile(result.durationsMs, 0.99)),
      ];
      rows.push([name, owners, ...cells, round(cpuMsPerJob, 2), result.hangs + result.failures.length]);
      const figure = { name: `${name}, ${owners} ${owners === 1 ? "owner" : "owners"}`, unit: "jobs/s" };
      figures.push({ ...figure, value: perSecond(result), atLeast: TO_REACH[name] });
    }
  }
  const head = ["", "owners", "jobs/s", "p50 ms", "p99 ms", "CPU ms/job", "not done"];
  return { section: "throughput", configuration, tables: [{ title: "Throughput", head, rows }], figures, skipped };
}

async function measure(
  { server }: Deployment,
  owners: number,
  scale: number,
): Promise<{ result: LoadResult; cpuMsPerJob: number }> {
  const agent = createAgent();
  const { generateOnly: work } = createCaller({ server, keys: toKeys(owners), agent, sizeBytes: OUTPUT_BYTES });
  await runClosedLoop({ concurrency: CONCURRENCY, count: Math.ceil(300 * scale), work });
  const before = readCpuMs(server.pids());
  const result = await runClosedLoop({ concurrency: CONCURRENCY, count: Math.ceil(JOBS * scale), work });
  const cpuMsPerJob = (readCpuMs(server.pids()) - before) / result.durationsMs.length;
  await agent.close();
  return { result, cpuMsPerJob };
}
