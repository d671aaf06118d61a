import { signRequest } from "@comfy/signing";
import { createCaller } from "../load/caller.ts";
import { percentile } from "../load/closed-loop.ts";
import { listen } from "../load/event-listener.ts";
import { createAgent, sendJson } from "../load/http.ts";
import { type Deployment, NOT_INSTALLED, startDeployment } from "../parts/deployment.ts";
import { toKeys } from "../parts/server.ts";
import { startStubs } from "../parts/stubs.ts";
import { type Figure, type Report, round } from "../report.ts";
import type { Section, SectionOptions } from "./section.ts";

const LISTENERS = 1_000;
/** Long enough for all of them to be there before the job ends. */
const RENDER_MS = 20_000;
const TIMEOUT_MS = 90_000;
const LATE_MS = 1_000;

/** How long after the commit the last of many listeners hears of it. */
export const listeners: Section = { name: "listeners", run: runListeners };

async function runListeners({ deployments, profileFolder, scale, say }: SectionOptions): Promise<Report> {
  const count = Math.max(10, Math.ceil(LISTENERS * scale));
  const rows: (string | number)[][] = [];
  const figures: Figure[] = [];
  const skipped: string[] = [];
  const configuration: Record<string, string | number> = {
    listeners: `${count} on one process and one job (GET /jobs/image/{id}/events)`,
    delay: "from completedAt by the clock of the database to the arrival of the event that ends the stream",
  };
  for (const name of deployments) {
    say(`listeners: ${name}`);
    await using stubs = await startStubs(1);
    await stubs.configure({ outputBytes: 1_000, durationMs: RENDER_MS });
    const options = { backends: stubs.urls, keys: toKeys(1), profileFolder };
    await using deployment = (await startDeployment(name, options)) ?? null;
    if (!deployment) {
      skipped.push(NOT_INSTALLED);
      continue;
    }
    configuration[name] = deployment.description;
    const delaysMs = await measure(deployment, count);
    const heard = delaysMs.filter((delayMs) => delayMs <= LATE_MS).length;
    rows.push([name, delaysMs.length, ...[0.5, 0.99, 1].map((share) => round(percentile(delaysMs, share), 0))]);
    figures.push(
      { name: `${name}: heard within ${LATE_MS} ms`, value: heard, unit: `of ${count}`, atLeast: count },
      { name: `${name}: the last one`, value: percentile(delaysMs, 1), unit: "ms", atMost: LATE_MS },
    );
  }
  const head = ["", "heard", "p50 ms", "p99 ms", "last ms"];
  return {
    section: "listeners",
    configuration,
    tables: [{ title: "From commit to listener", head, rows }],
    figures,
    skipped,
  };
}

/** The delay of each listener that heard the end, sorted. */
async function measure({ server }: Deployment, count: number): Promise<readonly number[]> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const [key] = toKeys(1);
  const agent = createAgent();
  const { pollUrl } = await createCaller({ server, keys: toKeys(1), agent, sizeBytes: 0 }).submit(0, signal);
  const streams = createAgent(count);
  const target = `${pollUrl}/events`;
  // A signature by version 2 for a read may be repeated; a thousand of them would be measured as well.
  const proof = await signRequest({
    ...{ version: 2, method: "GET", target },
    ...{ keyId: key?.key ?? "", secret: server.secret },
  });
  const all = Array.from({ length: count }, () => listen(server.url + target, proof, streams, signal));
  await Promise.all(all.map(({ started }) => started));
  const endings = await Promise.allSettled(all.map(({ ended }) => ended));
  const headers = { "x-api-key": key?.key ?? "" };
  const { completedAt } = await sendJson<{ completedAt: string }>(server.url + pollUrl, { headers, dispatcher: agent });
  await Promise.all([agent.destroy(), streams.destroy()]);
  const committedAtMs = Date.parse(completedAt);
  return endings
    .flatMap((ending) => (ending.status === "fulfilled" ? [ending.value - committedAtMs] : []))
    .sort((a, b) => a - b);
}
