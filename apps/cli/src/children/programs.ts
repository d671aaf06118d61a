import { mkdir, rename, stat } from "node:fs/promises";
import { join } from "node:path";
import { checkout } from "../checkout.ts";
import { type Child, startChild } from "./child-process.ts";

/** What both programs are started with. */
interface ProgramOptions {
  /** Folder for the log file, made when absent. */
  readonly logFolder: string;
  readonly env: NodeJS.ProcessEnv;
  readonly stopTimeoutMs: number;
  readonly signal: AbortSignal;
}

/** The first start makes a database: three seconds on two free cores, forty on two that others keep busy. */
const READY_TIMEOUT_MS = 120_000;

// The CLI imports neither program: it starts them as any other process would, by file and by environment.
const EMULATOR = "packages/comfyui-emulator/src/main.ts";
const SERVER = "apps/server/src/main.ts";

const LOG_SIZE_BYTES_MAX = 10_000_000;

/** A log that has grown large makes room once; two files bound what a forgotten service can fill. */
async function makeRoom(logFile: string): Promise<void> {
  const sizeBytes = await stat(logFile)
    .then(({ size }) => size)
    .catch(() => 0);
  if (sizeBytes > LOG_SIZE_BYTES_MAX) await rename(logFile, `${logFile}.old`);
}

async function startProgram(
  { logFolder, ...options }: ProgramOptions,
  { name, logName, args }: { name: string; logName: string; args: readonly string[] },
): Promise<Child> {
  await mkdir(logFolder, { recursive: true, mode: 0o700 });
  const logFile = join(logFolder, logName);
  await makeRoom(logFile);
  return startChild({
    ...options,
    name,
    command: process.execPath,
    args: ["--conditions=@comfy/source", ...args],
    cwd: checkout,
    logFile,
    readyTimeoutMs: READY_TIMEOUT_MS,
  });
}

/** A ComfyUI that needs no GPU, on a free port of loopback. `folder` holds its inputs and outputs. */
export function startEmulator(options: ProgramOptions & { readonly folder: string }): Promise<Child> {
  const { folder, ...rest } = options;
  const args = [EMULATOR, "--port", "0", "--base-directory", folder];
  return startProgram(rest, { name: "The ComfyUI emulator", logName: "emulator.log", args });
}

/** The service; everything it needs to know is in `env`. */
export function startServer(options: ProgramOptions): Promise<Child> {
  return startProgram(options, { name: "The service", logName: "server.log", args: [SERVER] });
}
