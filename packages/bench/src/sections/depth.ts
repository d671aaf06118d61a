import { createCaller } from "../load/caller.ts";
import { median, percentile, runClosedLoop } from "../load/closed-loop.ts";
import { createAgent } from "../load/http.ts";
import { type Deployment, NOT_INSTALLED, startDeployment } from "../parts/deployment.ts";
import { countWaiting, fillQueue } from "../parts/fill-queue.ts";
import { toKeys } from "../parts/server.ts";
import { startStubs } from "../parts/stubs.ts";
import { type Report, round } from "../report.ts";
import type { Section, SectionOptions } from "./section.ts";

const SHALLOW = 100;
const DEEP = 100_000;
const TURNS = 20;
const ACCEPTS_PER_TURN = 20;
/** Nothing ends while this is measured. */
const RENDER_MS = 3_600_000;

/** Whether accepting becomes slower with the jobs that wait. */
export const depth: Section = { name: "depth", run: runDepth };

async function runDepth({ deployments, profileFolder, scale, say }: SectionOptions): Promise<Report> {
  const configuration = {
    "stub backends": 1,
    "jobs that wait": `${SHALLOW} beside ${DEEP}, of one owner, in two deployments`,
    turns: `${TURNS} of ${ACCEPTS_PER_TURN} accepts (POST /image/async, one after the other), alternating`,
  };
  const empty: Report = { section: "depth", configuration, tables: [], figures: [], skipped: [] };
  if (!deployments.includes("PostgreSQL + Redis"))
    return { ...empty, skipped: ["depth is filled through PostgreSQL."] };
  await using stubs = await startStubs(1);
  await stubs.configure({ outputBytes: 1_000, durationMs: RENDER_MS });
  const options = { backends: stubs.urls, keys: toKeys(1), profileFolder };
  await using shallow = (await startDeployment("PostgreSQL + Redis", options)) ?? null;
  await using deep = (await startDeployment("PostgreSQL + Redis", options)) ?? null;
  if (!shallow || !deep) return { ...empty, skipped: [NOT_INSTALLED] };

  say("depth: filling the queues");
  const accepts = { shallow: createAccept(shallow), deep: createAccept(deep) };
  for (const accept of Object.values(accepts)) await accept(SHALLOW);
  await fillQueue(deep.databaseUrl ?? "", DEEP - SHALLOW);
  for (const accept of Object.values(accepts)) await accept(Math.ceil(200 * scale));

  say("depth: accepting");
  const durations = { shallow: [] as number[], deep: [] as number[] };
  for (let turn = 0; turn < Math.max(4, TURNS * scale); turn++) {
    durations.shallow.push(...(await accepts.shallow(ACCEPTS_PER_TURN)));
    durations.deep.push(...(await accepts.deep(ACCEPTS_PER_TURN)));
  }
  const toRow = async (name: "shallow" | "deep", { databaseUrl }: Deployment) => {
    const sorted = durations[name].toSorted((a, b) => a - b);
    const times = [0.5, 0.9, 0.99].map((share) => round(percentile(sorted, share), 2));
    return [await countWaiting(databaseUrl ?? ""), sorted.length, ...times];
  };
  const rows = [await toRow("shallow", shallow), await toRow("deep", deep)];
  const head = ["waiting at the end", "accepts", "p50 ms", "p90 ms", "p99 ms"];
  const value = median(durations.deep) / median(durations.shallow);
  return {
    ...empty,
    configuration: { ...configuration, service: deep.description },
    tables: [{ title: "Accepting with few and many jobs waiting", head, rows }],
    figures: [{ name: `accepting with ${DEEP} waiting`, value, unit: `× with ${SHALLOW}`, atMost: 1.3 }],
  };
}

/** Accepts so many jobs, one after the other, and gives the time of each. */
function createAccept({ server }: Deployment): (count: number) => Promise<readonly number[]> {
  const caller = createCaller({ server, keys: toKeys(1), agent: createAgent(), sizeBytes: 0 });
  return async (count) => {
    const work = async (index: number, signal: AbortSignal) => void (await caller.submit(index, signal));
    const { durationsMs, failures, hangs } = await runClosedLoop({ concurrency: 1, count, work });
    if (failures.length + hangs > 0) throw new Error(`Not every job was accepted: ${failures[0] ?? "one hangs"}.`);
    return durationsMs;
  };
}
