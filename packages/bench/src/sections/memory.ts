import { setTimeout as sleep } from "node:timers/promises";
import { createCaller } from "../load/caller.ts";
import { runClosedLoop } from "../load/closed-loop.ts";
import { createAgent } from "../load/http.ts";
import { type Deployment, NOT_INSTALLED, startDeployment } from "../parts/deployment.ts";
import { startHealthProbe } from "../parts/health-probe.ts";
import { readRssBytes } from "../parts/proc.ts";
import { toKeys } from "../parts/server.ts";
import { type Stubs, startStubs } from "../parts/stubs.ts";
import { type Figure, type Report, round } from "../report.ts";
import type { Section, SectionOptions } from "./section.ts";

const MB = 1_000_000;
const BACKENDS = 20;
const SAMPLE_MS = 20;
/** The memory of a process that has just worked is still being tidied. */
const REST_MS = 3_000;
const TIMEOUT_MS = 300_000;
const HEALTH_MS = 50;

const CASES = [
  { name: "one output of 200 MB", outputBytes: 200 * MB, count: 1, growthMbMax: 64 },
  { name: "one output of 2 GB", outputBytes: 2_000 * MB, count: 1, growthMbMax: 80 },
  { name: "20 outputs of 20 MB at once", outputBytes: 20 * MB, count: 20, growthMbMax: 128 },
];

/** What large outputs cost in memory, and whether others notice. */
export const memory: Section = { name: "memory", run: runMemory };

async function runMemory({ deployments, profileFolder, say }: SectionOptions): Promise<Report> {
  const rows: (string | number)[][] = [];
  const figures: Figure[] = [];
  const skipped: string[] = [];
  const configuration: Record<string, string | number> = {
    "stub backends": BACKENDS,
    "an output is": "rendered, stored, and fetched through signedUrl to the last byte",
    growth: `highest resident memory of the service (every ${SAMPLE_MS} ms) less what it was before, after outputs of 20 MB to warm up`,
    idle: "GET /health of the same service while nothing is under way",
  };
  for (const name of deployments) {
    await using stubs = await startStubs(BACKENDS);
    const options = { backends: stubs.urls, keys: toKeys(1), profileFolder };
    await using deployment = (await startDeployment(name, options)) ?? null;
    if (!deployment) {
      skipped.push(NOT_INSTALLED);
      continue;
    }
    configuration[name] = deployment.description;
    await run(deployment, stubs, 20 * MB, BACKENDS);
    for (const { outputBytes, count, growthMbMax, ...rest } of CASES) {
      say(`memory: ${name}, ${rest.name}`);
      const idleMs = await probeIdle(deployment);
      const { growthBytes, healthMs, elapsedMs } = await run(deployment, stubs, outputBytes, count);
      const growthMb = growthBytes / MB;
      rows.push([name, rest.name, round(elapsedMs / 1000, 2), round(growthMb), round(healthMs), round(idleMs)]);
      figures.push(
        { name: `${name}, ${rest.name}: growth`, value: growthMb, unit: "MB", atMost: growthMbMax },
        { name: `${name}, ${rest.name}: p99 of /health`, value: healthMs, unit: "ms", atMost: HEALTH_MS },
      );
    }
  }
  const head = ["", "", "seconds", "growth MB", "/health p99 ms", "idle p99 ms"];
  return { section: "memory", configuration, tables: [{ title: "Large outputs", head, rows }], figures, skipped };
}

async function probeIdle({ server }: Deployment): Promise<number> {
  await sleep(REST_MS);
  const stop = await startHealthProbe(server.url);
  await sleep(REST_MS);
  return stop();
}

async function run({ server }: Deployment, stubs: Stubs, outputBytes: number, count: number) {
  await stubs.configure({ outputBytes, durationMs: 0 });
  const agent = createAgent();
  const { generate: work } = createCaller({ server, keys: toKeys(1), agent, sizeBytes: outputBytes });
  const before = readRssBytes(server.pid);
  let highest = before;
  const sampling = setInterval(() => {
    highest = Math.max(highest, readRssBytes(server.pid));
  }, SAMPLE_MS);
  const stop = await startHealthProbe(server.url);
  const { failures, hangs, elapsedMs } = await runClosedLoop({
    concurrency: count,
    count,
    work,
    timeoutMs: TIMEOUT_MS,
  });
  clearInterval(sampling);
  const healthMs = await stop();
  await agent.close();
  if (failures.length + hangs > 0) throw new Error(`An output did not arrive: ${failures[0] ?? "it hangs"}.`);
  return { growthBytes: highest - before, healthMs, elapsedMs };
}
