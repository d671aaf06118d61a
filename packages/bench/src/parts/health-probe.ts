import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { bareEnvironment } from "../environment.ts";
import { tieToUs } from "./child.ts";

const MAIN = fileURLToPath(new URL("../load/health-probe.ts", import.meta.url));
const ANSWER_MS = 30_000;

/** Asks `GET /health` every 20 ms. The function it gives stops, and tells the p99 in milliseconds. */
export async function startHealthProbe(url: string): Promise<() => Promise<number>> {
  const child = fork(MAIN, [url], { env: bareEnvironment(), execArgv: ["--conditions=@comfy/source"] });
  tieToUs(child);
  await once(child, "message", { signal: AbortSignal.timeout(ANSWER_MS) });
  return async () => {
    const told = once(child, "message", { signal: AbortSignal.timeout(ANSWER_MS) });
    child.send("stop");
    const [{ p99Ms }] = (await told) as [{ p99Ms: number }];
    return p99Ms;
  };
}
