// A process of its own, started by sections/memory.ts: in the one that moves gigabytes it would time that process instead.
import { setTimeout as sleep } from "node:timers/promises";
import { percentile } from "./closed-loop.ts";
import { createAgent, sendJson } from "./http.ts";

const EVERY_MS = 20;
const [, , url = ""] = process.argv;
const durationsMs: number[] = [];
const dispatcher = createAgent();
let isStopping = false;

process.once("message", () => {
  isStopping = true;
});
process.once("disconnect", () => process.exit(0));

// The first answer opens the connection.
await sendJson(`${url}/health`, { dispatcher });
process.send?.("ready");
while (!isStopping) {
  const startedAt = performance.now();
  await sendJson(`${url}/health`, { dispatcher });
  durationsMs.push(performance.now() - startedAt);
  await sleep(EVERY_MS);
}
const sorted = durationsMs.toSorted((a, b) => a - b);
process.send?.({ p99Ms: percentile(sorted, 0.99) }, () => process.exit(0));
