import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { ComfyClient } from "@comfy/client";
import { stateFolder } from "../checkout.ts";
import type { Child } from "../children/child-process.ts";
import { startEmulator, startServer } from "../children/programs.ts";
import { type Environment, readEnvironment } from "../environment.ts";
import { Interrupted } from "../interrupt.ts";
import { assertPortFree, choosePort } from "../ports.ts";
import { type DevelopmentKey, readDevelopmentKey } from "./development-key.ts";
import { toWelcome } from "./welcome.ts";

const DEFAULT_PORT = 8080;
/** Milliseconds for running jobs to end; the service itself stops waiting after 20 s. */
const STOP_TIMEOUT_MS = 25_000;

/** Milliseconds for the service to say how it is; it gives ComfyUI two seconds of them. */
const HEALTH_TIMEOUT_MS = 15_000;
export const START_USAGE =
  "Usage: npm start (-- --folder FOLDER keeps its data elsewhere than in .comfy; README.md has the variables)";

const say = (text: string) => process.stdout.write(`${text}\n`);

/** The port of the environment, which must be free; else the usual one, or any when somebody has that. */
async function readPort({ port }: Environment, host: string): Promise<number> {
  if (port === undefined) {
    const chosen = await choosePort(DEFAULT_PORT, host);
    if (chosen !== DEFAULT_PORT)
      say(`Port ${DEFAULT_PORT} is taken by another program; using a free one (PORT=… chooses one)`);
    return chosen;
  }
  const wanted = Number(port);
  if (!Number.isInteger(wanted) || wanted < 0 || wanted > 65_535)
    throw new Error(`PORT is "${port}"; expected a number from 0 to 65535.`);
  await assertPortFree(wanted, host);
  return wanted;
}

interface ServerFacts {
  readonly key: DevelopmentKey;
  readonly port: number;
  readonly host: string;
  readonly dataFolder: string;
  readonly backendUrl: string;
}

/** The caller's whole environment, completed with what a first start cannot know. */
function toServerEnvironment(
  { all }: Environment,
  { key, port, host, dataFolder, backendUrl }: ServerFacts,
): NodeJS.ProcessEnv {
  return {
    // On a machine of one's own, callbacks and inputs on that machine are what one wants to try.
    ALLOW_PRIVATE_URLS: "true",
    ...all,
    COMFYUI_API_KEYS: all.COMFYUI_API_KEYS || key.apiKey,
    COMFYUI_API_SECRET: key.apiSecret,
    PORT: String(port),
    HOST: host,
    DATA_DIR: dataFolder,
    COMFYUI_URL: backendUrl,
  };
}

/** Waits until somebody stops it (which is how it ends well) or a program ends by itself (which throws). */
async function waitForStop(children: readonly Child[], interrupt: AbortSignal): Promise<void> {
  const stopped = new Promise<void>((resolve) => {
    if (interrupt.aborted) resolve();
    interrupt.addEventListener("abort", () => resolve(), { once: true });
  });
  await Promise.race([stopped, ...children.map(({ ended }) => ended)]);
}

/** Where the pictures come from, in words; asks the service whether anybody answers there, which an address alone does not tell. */
async function describeBackend(server: Child, comfyuiUrl: string, signal: AbortSignal): Promise<string> {
  const client = new ComfyClient({ baseUrl: server.ready.url, logLevel: "off" });
  const health = await client.health({ signal, timeoutMs: HEALTH_TIMEOUT_MS }).catch(() => undefined);
  signal.throwIfAborted();
  // With a PUBLIC_URL the service may not be reachable under its own address from here: that is no news about ComfyUI.
  if (!health) return comfyuiUrl;
  const { gpu } = health;
  if (!gpu.reachable) return `${comfyuiUrl}, WHICH DOES NOT ANSWER: jobs wait until it does`;
  return `${comfyuiUrl} (ComfyUI ${gpu.version ?? "of an unknown version"} on ${gpu.name ?? "an unknown device"})`;
}

/**
 * `npm start`: the service, up until Ctrl-C, with its data in `.comfy` (or where `--folder` says). Without COMFYUI_URL it brings a ComfyUI
 * emulator along; all other variables of the service are passed on to it.
 */
export async function runStart(argv: readonly string[], interrupt: AbortSignal): Promise<number> {
  const { values } = parseArgs({ args: [...argv], options: { folder: { type: "string", default: stateFolder } } });
  const folder = resolve(values.folder);
  const environment = readEnvironment();
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const key = await readDevelopmentKey(environment, folder);
  const host = environment.host ?? "127.0.0.1";
  const port = await readPort(environment, host);
  const logFolder = join(folder, "logs");
  const dataFolder = environment.dataDirectory ?? join(folder, "data");
  const options = { logFolder, stopTimeoutMs: STOP_TIMEOUT_MS, signal: interrupt };
  const children: Child[] = [];
  try {
    if (!environment.comfyuiUrl) {
      say("Starting a ComfyUI emulator (COMFYUI_URL=… uses a real one)");
      children.unshift(await startEmulator({ ...options, env: environment.bare, folder: join(folder, "emulator") }));
    }
    const backendUrl = environment.comfyuiUrl ?? children[0]?.ready.url ?? "";
    say("Starting the service");
    const env = toServerEnvironment(environment, { key, port, host, dataFolder, backendUrl });
    const server = await startServer({ ...options, env });
    children.unshift(server);
    const { url, docsUrl } = server.ready;
    const backend = environment.comfyuiUrl
      ? await describeBackend(server, environment.comfyuiUrl, interrupt)
      : `an emulator (simulated, no GPU) at ${backendUrl}`;
    say(toWelcome({ url, docsUrl, backend, dataFolder, logFile: join(logFolder, "server.log"), key }));
    await waitForStop(children, interrupt);
    say("\nStopping; running jobs get a moment to end");
    return 0;
  } catch (error) {
    if (error instanceof Interrupted) return 0;
    throw error;
  } finally {
    // The service first, so that it does not see its ComfyUI vanish.
    for (const child of children) await child.stop();
  }
}
