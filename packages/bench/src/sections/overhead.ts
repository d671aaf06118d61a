import { createCaller } from "../load/caller.ts";
import { joinResults, type LoadResult, median, percentile, perSecond, runClosedLoop } from "../load/closed-loop.ts";
import { createDirectDriver } from "../load/direct-driver.ts";
import { createAgent } from "../load/http.ts";
import { type Deployment, type DeploymentName, NOT_INSTALLED, startDeployment } from "../parts/deployment.ts";
import { readCpuMs } from "../parts/proc.ts";
import { toKeys } from "../parts/server.ts";
import { type Stubs, startStubs } from "../parts/stubs.ts";
import { type Figure, type Report, round, type Table } from "../report.ts";
import type { Section, SectionOptions } from "./section.ts";

const BACKENDS = 4;
const OUTPUT_BYTES = 1_000_000;
const ROUNDS = 4;
/** Callers at once, and requests of all rounds together. */
const LOADS = [
  { concurrency: 1, count: 400 },
  { concurrency: 8, count: 800 },
  { concurrency: 64, count: 1_024 },
];
const DROPPED = { concurrency: 64, count: 256, timeoutMs: 60_000 };

interface Comparison {
  readonly concurrency: number;
  readonly direct: LoadResult;
  readonly ours: LoadResult;
  /** Ours divided by direct, round by round: noise of the machine strikes both. */
  readonly ratio: number;
  readonly cpuMsPerJob: number;
  readonly requestsPerJob: Readonly<Record<string, number>>;
}

/** What the service costs on top of driving ComfyUI directly, side by side, turn by turn. */
export const overhead: Section = { name: "overhead", run: runOverhead };

async function runOverhead(options: SectionOptions): Promise<Report> {
  const tables: Table[] = [];
  const figures: Figure[] = [];
  const skipped: string[] = [];
  const configuration: Record<string, string | number> = {
    "stub backends": BACKENDS,
    "output of a job": `${OUTPUT_BYTES} bytes, different each time`,
    "a request ends": "with the last byte fetched through signedUrl (direct: through /view)",
    turns: `${ROUNDS} of each, alternating`,
    "switched on": "signing (v2), replay guard, write-ahead record, stored outputs with SHA-256",
  };
  for (const name of options.deployments) {
    options.say(`overhead: ${name}`);
    await using stubs = await startStubs(BACKENDS);
    await stubs.configure({ outputBytes: OUTPUT_BYTES, durationMs: 0 });
    const started = { backends: stubs.urls, keys: toKeys(1), profileFolder: options.profileFolder };
    await using deployment = (await startDeployment(name, started)) ?? null;
    if (!deployment) {
      skipped.push(NOT_INSTALLED);
      continue;
    }
    configuration[name] = deployment.description;
    const measured = await measure(deployment, stubs, options);
    tables.push(toTable(name, measured.comparisons), ...measured.tables);
    figures.push(...toFigures(name, measured.comparisons), ...measured.figures);
  }
  return { section: "overhead", configuration, tables, figures, skipped };
}

async function measure(deployment: Deployment, stubs: Stubs, { scale, say }: SectionOptions) {
  const agent = createAgent();
  await using direct = await createDirectDriver(stubs.urls, agent, OUTPUT_BYTES);
  const { server } = deployment;
  const caller = createCaller({ server, keys: toKeys(1), agent, sizeBytes: OUTPUT_BYTES });
  const works = { direct: direct.run, ours: caller.generate };
  // Neither side is to be measured while its code is compiled for the first time.
  for (const work of [works.direct, works.ours])
    await runClosedLoop({ concurrency: 16, count: Math.ceil(200 * scale), work });

  const comparisons: Comparison[] = [];
  for (const { concurrency, count } of LOADS) {
    say(`overhead: ${deployment.name}, ${concurrency} at once`);
    const load = { concurrency, count: Math.max(concurrency, Math.ceil((count * scale) / ROUNDS)) };
    comparisons.push(await compare(load, works, deployment, stubs));
  }
  const dropped = [];
  for (const isAll of [false, true]) dropped.push(await runWithDrop(stubs, caller.generate, isAll));
  await agent.close();
  const names = ["every WebSocket cut in mid-run", "every connection cut in mid-run"];
  const rows = dropped.map((result, index) => [
    names[index] ?? "",
    result.durationsMs.length,
    result.hangs,
    result.failures.length,
    round(percentile(result.durationsMs, 1)),
  ]);
  const head = [`${DROPPED.count} requests, ${DROPPED.concurrency} at once`, "done", "hanging", "failed", "slowest ms"];
  const hangs = [...comparisons.map(({ ours }) => ours), ...dropped].map(
    (result) => result.hangs + result.failures.length,
  );
  const figure = { name: `${deployment.name}: requests without a picture`, unit: "", atMost: 0 };
  return {
    comparisons,
    tables: [{ title: `${deployment.name}: with backends that drop us`, head, rows }],
    figures: [{ ...figure, value: hangs.reduce((sum, value) => sum + value, 0) }],
  };
}

type Works = Readonly<Record<"direct" | "ours", (index: number, signal: AbortSignal) => Promise<void>>>;

async function compare(
  load: { concurrency: number; count: number },
  works: Works,
  { server }: Deployment,
  stubs: Stubs,
): Promise<Comparison> {
  const results = { direct: [] as LoadResult[], ours: [] as LoadResult[] };
  let cpuMs = 0;
  const requests: Record<string, number> = {};
  for (let round = 0; round < ROUNDS; round++) {
    results.direct.push(await runClosedLoop({ ...load, work: works.direct }));
    await stubs.count();
    const before = readCpuMs(server.pids());
    results.ours.push(await runClosedLoop({ ...load, work: works.ours }));
    cpuMs += readCpuMs(server.pids()) - before;
    for (const [name, count] of Object.entries((await stubs.count()).requests))
      requests[name] = (requests[name] ?? 0) + count;
  }
  const ratios = results.ours.map((ours, index) => perSecond(ours) / perSecond(results.direct[index] ?? ours));
  const ours = joinResults(results.ours);
  const jobs = ours.durationsMs.length;
  return {
    concurrency: load.concurrency,
    direct: joinResults(results.direct),
    ours,
    ratio: median(ratios),
    cpuMsPerJob: cpuMs / jobs,
    requestsPerJob: Object.fromEntries(Object.entries(requests).map(([name, count]) => [name, round(count / jobs, 2)])),
  };
}

async function runWithDrop(stubs: Stubs, work: Works["ours"], isAll: boolean): Promise<LoadResult> {
  let started = 0;
  const dropAt = DROPPED.count / 2;
  return runClosedLoop({
    ...DROPPED,
    work: (index, signal) => {
      if (++started === dropAt) void stubs.drop(isAll);
      return work(index, signal);
    },
  });
}

function toTable(name: DeploymentName, comparisons: readonly Comparison[]): Table {
  const head = [
    "at once",
    "",
    "p50 ms",
    "p99 ms",
    "requests/s",
    "of direct",
    "CPU ms/job",
    "requests to the backend per job",
  ];
  const toRow = (result: LoadResult) => [
    round(percentile(result.durationsMs, 0.5)),
    round(percentile(result.durationsMs, 0.99)),
    round(perSecond(result)),
  ];
  const rows = comparisons.flatMap(({ concurrency, direct, ours, ratio, cpuMsPerJob, requestsPerJob }) => {
    const requests = Object.entries(requestsPerJob).map(([route, count]) => `${route} ${count}`);
    return [
      [concurrency, "direct", ...toRow(direct), "", "", ""],
      [concurrency, "ours", ...toRow(ours), round(ratio, 3), round(cpuMsPerJob, 2), requests.join(", ")],
    ];
  });
  return { title: `${name}: ours beside direct driving`, head, rows };
}

function toFigures(name: DeploymentName, comparisons: readonly Comparison[]): Figure[] {
  return comparisons.flatMap(({ concurrency, direct, ours, ratio, cpuMsPerJob }) => {
    const added = percentile(ours.durationsMs, 0.5) - percentile(direct.durationsMs, 0.5);
    const at = `${name}, ${concurrency} at once`;
    const speed: Figure =
      concurrency === 1
        ? { name: `${at}: p50 added`, value: added, unit: "ms", atMost: 8 }
        : { name: `${at}: requests/s`, value: ratio, unit: "× direct", atLeast: 0.23 };
    return [speed, { name: `${at}: CPU of the service`, value: cpuMsPerJob, unit: "ms/job", atMost: 5 }];
  });
}
