import { spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { bareEnvironment } from "../environment.ts";
import { stopChild, tieToUs } from "./child.ts";
import { listFamily } from "./proc.ts";

const checkout = fileURLToPath(new URL("../../../..", import.meta.url));
const MAIN = "apps/server/src/main.ts";
const READY_MS = 120_000;
const SECRET = "the-secret-of-the-measurements";

/** Who calls. The tier has no concurrency limit; the limits on requests are lifted for these keys. */
export interface Key {
  readonly name: string;
  readonly key: string;
}

export const toKeys = (count: number): Key[] =>
  Array.from({ length: count }, (_, index) => ({ name: `bench${index}`, key: `enterprise_bench_${index}` }));

export interface ServerOptions {
  readonly backends: readonly string[];
  readonly keys: readonly Key[];
  readonly databaseUrl?: string | undefined;
  readonly redisUrl?: string | undefined;
  /** Folder that the process writes a CPU profile to when it ends. */
  readonly profileFolder?: string | undefined;
  /** Further variables of the service. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** The service in a process of its own, as `node apps/server/src/main.ts` runs it. */
export interface RunningServer extends AsyncDisposable {
  readonly url: string;
  readonly secret: string;
  readonly pid: number;
  /** The process and those it started. */
  pids(): number[];
  readLog(): string;
}

const UNLIMITED = 1_000_000_000;

/** Everything the service is told besides its defaults. */
function toEnvironment({ backends, keys, databaseUrl, redisUrl, environment }: ServerOptions, directory: string) {
  const limits = { requestsPerMinute: UNLIMITED, requestsPerHour: UNLIMITED, jobReadsPerMinute: UNLIMITED };
  return {
    ...bareEnvironment(),
    PORT: "0",
    HOST: "127.0.0.1",
    DATA_DIR: join(directory, "data"),
    COMFYUI_URL: backends.join(","),
    COMFYUI_API_KEYS: keys.map(({ name, key }) => `${name}:${key}`).join(","),
    COMFYUI_API_SECRET: SECRET,
    LIMITS: JSON.stringify({ keys: Object.fromEntries(keys.map(({ name }) => [name, limits])) }),
    ...(databaseUrl !== undefined && { DATABASE_URL: databaseUrl }),
    ...(redisUrl !== undefined && { REDIS_URL: redisUrl }),
    ...environment,
  };
}

export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const directory = mkdtempSync(join(tmpdir(), "comfy-bench-server-"));
  const logFile = join(directory, "server.log");
  // Its output goes to a file and not through a pipe: reading it would cost the load generator.
  const output = openSync(logFile, "a", 0o600);
  const profile = options.profileFolder ? ["--cpu-prof", `--cpu-prof-dir=${options.profileFolder}`] : [];
  const child = spawn(process.execPath, ["--conditions=@comfy/source", ...profile, MAIN], {
    cwd: checkout,
    env: toEnvironment(options, directory),
    stdio: ["ignore", output, output],
  });
  closeSync(output);
  tieToUs(child);
  const readLog = () => readFileSync(logFile, "utf8");
  const url = await waitForReadyLine(readLog, () => child.exitCode !== null || child.signalCode !== null);
  const pid = child.pid ?? 0;
  return {
    url,
    secret: SECRET,
    pid,
    pids: () => listFamily(pid),
    readLog,
    async [Symbol.asyncDispose]() {
      await stopChild(child);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function waitForReadyLine(readLog: () => string, hasEnded: () => boolean): Promise<string> {
  const deadline = Date.now() + READY_MS;
  for (;;) {
    const isOver = hasEnded() || Date.now() > deadline;
    const line = readLog()
      .split("\n")
      .find((text) => text.includes('"event":"ready"'));
    if (line !== undefined) return (JSON.parse(line) as { url: string }).url;
    if (isOver) throw new Error(`The service did not start:\n${readLog().slice(-2_000)}`);
    await sleep(50);
  }
}
