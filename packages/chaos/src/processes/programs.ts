import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { keys } from "../load/accounts.ts";
import type { Program } from "./life.ts";

/** Folder of the checkout: the programs under test are started as anybody would start them, by file and environment. */
const checkout = fileURLToPath(new URL("../../../..", import.meta.url));
const RECEIVER = fileURLToPath(new URL("../receiver/receiver-host.ts", import.meta.url));

const isReady = { line: /"event": ?"ready"/ };

const node = (args: readonly string[], env: Readonly<Record<string, string>>): Program => ({
  command: process.execPath,
  args: ["--conditions=@comfy/source", ...args],
  cwd: checkout,
  env,
  ready: isReady,
});

export interface EmulatorOptions {
  readonly port: number;
  readonly folder: string;
  readonly renderLog: string;
  /** Milliseconds a render takes at least, spent asleep: the machine's cores are for those that are tested. */
  readonly renderMs: number;
}

export function emulatorProgram(options: EmulatorOptions, env: Readonly<Record<string, string>>): Program {
  const { port, folder, renderLog, renderMs } = options;
  mkdirSync(folder, { recursive: true });
  const faults = JSON.stringify({ slowNode: { classType: "KSampler", delayMs: renderMs } });
  const args = ["--port", `${port}`, "--base-directory", folder, "--log", renderLog, "--faults", faults];
  const quick = ["--speed", "max", "--preview-method", "none"];
  return node(["packages/comfyui-emulator/src/main.ts", ...args, ...quick], env);
}

export interface ServerOptions {
  readonly kind: "server" | "http" | "worker";
  readonly port: number;
  readonly publicPort: number;
  readonly dataFolder: string;
  readonly databaseUrl: string;
  readonly redisUrl: string | undefined;
  readonly backendsFile: string;
  readonly secret: string;
  readonly leaseSeconds: number;
  readonly failoverSeconds: number;
}

const UNLIMITED = 1_000_000;
const limits = {
  requestsPerMinute: UNLIMITED,
  requestsPerHour: UNLIMITED,
  jobReadsPerMinute: UNLIMITED,
  generationsPerDay: null,
};

export function serverProgram(options: ServerOptions, env: Readonly<Record<string, string>>): Program {
  return node(["apps/server/src/main.ts"], {
    ...env,
    PORT: `${options.port}`,
    HOST: "127.0.0.1",
    PUBLIC_URL: `http://127.0.0.1:${options.publicPort}`,
    DATA_DIR: options.dataFolder,
    DATABASE_URL: options.databaseUrl,
    ...(options.redisUrl !== undefined && { REDIS_URL: options.redisUrl }),
    ...(options.kind !== "server" && { ROLE: options.kind }),
    BACKENDS_FILE: options.backendsFile,
    COMFYUI_API_KEYS: keys.map(({ key }) => key).join(","),
    COMFYUI_API_SECRET: options.secret,
    // How many jobs run at once stays limited, so that owners wait; how many may be asked for does not.
    LIMITS: JSON.stringify({ tiers: { enterprise: limits, pro: limits, basic: limits, free: limits } }),
    ALLOW_PRIVATE_URLS: "true",
    LEASE_SECONDS: `${options.leaseSeconds}`,
    FAILOVER_SECONDS: `${options.failoverSeconds}`,
    DRAIN_SECONDS: "3",
    LOG_LEVEL: "info",
  });
}

export function redisProgram(port: number, folder: string, env: Readonly<Record<string, string>>): Program {
  mkdirSync(folder, { recursive: true });
  // Nothing is kept on disk: whoever needs what was in it has not understood what it is for.
  const args = ["--port", `${port}`, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", folder];
  return { command: "redis-server", args, cwd: folder, env, ready: { port } };
}

export function receiverProgram(
  options: { readonly port: number; readonly log: string; readonly secret: string },
  env: Readonly<Record<string, string>>,
): Program {
  return node([RECEIVER, `${options.port}`, options.log, options.secret], env);
}
