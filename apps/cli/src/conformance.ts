import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { checkout } from "./checkout.ts";
import { readEnvironment } from "./environment.ts";

export const CONFORMANCE_USAGE =
  "Usage: npm run conformance -- --url http://127.0.0.1:8188 (without --url: the emulator)";
const LOOK_TIMEOUT_MS = 10_000;

/** What vitest's JSON report says in sum. */
interface Sums {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
}

/** Looks at the server once, so that a wrong address is one sentence instead of a hundred failed tests. */
async function describeServer(url: string, interrupt: AbortSignal): Promise<string> {
  const signal = AbortSignal.any([interrupt, AbortSignal.timeout(LOOK_TIMEOUT_MS)]);
  let stats: unknown;
  try {
    const response = await fetch(`${url}/system_stats`, { signal });
    if (!response.ok) throw new Error(`it answered ${response.status}`);
    stats = await response.json();
  } catch (error) {
    interrupt.throwIfAborted();
    const cause = error instanceof Error ? (error.cause instanceof Error ? error.cause.message : error.message) : error;
    throw new Error(`No ComfyUI answers GET ${url}/system_stats: ${cause}.`);
  }
  const { system, devices } = Object(stats) as { system?: Record<string, unknown>; devices?: { name?: unknown }[] };
  const names = (Array.isArray(devices) ? devices : []).map(({ name }) => String(name));
  return `ComfyUI ${system?.comfyui_version ?? "of an unknown version"} on ${names.join(", ") || "an unknown device"}`;
}

async function runVitest(url: string | undefined, report: string, signal: AbortSignal): Promise<boolean> {
  const args = [
    join(checkout, "node_modules/vitest/vitest.mjs"),
    "run",
    "--project=comfyui-emulator",
    "--project=comfyui",
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${report}`,
    "conformance",
  ];
  const { all } = readEnvironment();
  const env = url ? { ...all, COMFYUI_CONFORMANCE_URL: url } : all;
  const child = spawn(process.execPath, args, { cwd: checkout, env, stdio: "inherit", signal });
  const [code] = await once(child, "close");
  return code === 0;
}

/**
 * `npm run conformance`: asks a ComfyUI server what we believe of every ComfyUI server, the emulator by default. It queues small
 * prompts, uploads small files and interrupts what it started; better not while others render.
 */
export async function runConformance(argv: readonly string[], interrupt: AbortSignal): Promise<number> {
  const { values } = parseArgs({ args: [...argv], options: { url: { type: "string" } } });
  const url = values.url?.replace(/\/+$/, "");
  if (url !== undefined && !/^https?:$/.test(URL.parse(url)?.protocol ?? ""))
    throw new Error(`--url is "${values.url}"; expected an http(s) address. ${CONFORMANCE_USAGE}`);
  const server = url ? `${await describeServer(url, interrupt)}, at ${url}` : "The emulator of this checkout";
  process.stdout.write(`${server}\n`);

  const report = join(checkout, ".reports/conformance.json");
  await mkdir(join(checkout, ".reports"), { recursive: true });
  await rm(report, { force: true });
  const ok = await runVitest(url, report, interrupt);
  const text = await readFile(report, "utf8").catch(() => undefined);
  if (text === undefined) throw new Error("The tests did not get far enough to write a report: see above.");
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests }: Sums = JSON.parse(text);
  const failed = ok ? numFailedTests : Math.max(1, numFailedTests);
  process.stdout.write(
    `\n${server}\n${numPassedTests} passed, ${failed} failed, ${numPendingTests + numTodoTests} skipped\n`,
  );
  return ok ? 0 : 1;
}
