import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createEmulator, type Emulator, type EmulatorOptions } from "@comfy/comfyui-emulator";
import { signRequest } from "@comfy/signing";
import { compose } from "../../src/compose.ts";
import { parseConfig } from "../../src/config.ts";
import { type Log, silentLog } from "../../src/log.ts";
import { signNow } from "../http/sign-now.ts";
import { prepareEmbedded } from "../ports/embedded-template.ts";
import { apiKey, apiSecret } from "./spawn-service.ts";

export { apiKey, apiSecret };

/** The whole service on free ports, with an emulator behind it. */
export interface RunningService extends AsyncDisposable {
  readonly url: string;
  readonly emulator: Emulator;
  readonly directory: string;
  /** A signed POST of JSON. */
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Response>;
  /** A GET: of a job of the product surface with nothing but the key, as pollers send it, of anything else signed. */
  get(path: string, headers?: Record<string, string>): Promise<Response>;
  /** Reads a job until it has ended. */
  settle(pollUrl: string): Promise<Record<string, unknown> & { status: string }>;
}

export interface StartOptions {
  readonly environment?: Record<string, string>;
  readonly emulator?: EmulatorOptions;
  readonly log?: Log;
}

export async function startService({
  environment = {},
  emulator: options = {},
  log = silentLog,
}: StartOptions = {}): Promise<RunningService> {
  const emulator = await createEmulator({ speed: 50, ...options });
  const directory = await mkdtemp(join(tmpdir(), "comfy-service-"));
  await prepareEmbedded(join(directory, "database"));
  const config = parseConfig({
    PORT: "0",
    HOST: "127.0.0.1",
    DATA_DIR: directory,
    COMFYUI_URL: emulator.url,
    COMFYUI_API_KEYS: apiKey,
    COMFYUI_API_SECRET: apiSecret,
    DRAIN_SECONDS: "2",
    ...environment,
  });
  const close = async () => {
    await emulator.close();
    await rm(directory, { recursive: true, force: true });
  };
  const service = await compose(config, { log, version: "0.0.0-test" });
  await service.lifecycle.start().catch(async (error: unknown) => {
    await close();
    throw error;
  });
  const { url } = service;

  async function post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
    const text = typeof body === "string" ? body : JSON.stringify(body);
    const key = headers["x-api-key"] ?? apiKey;
    const signed = await signRequest({
      version: 2,
      keyId: key,
      secret: apiSecret,
      method: "POST",
      target: path,
      body: text,
    });
    return fetch(url + path, {
      method: "POST",
      body: text,
      headers: { "content-type": "application/json", ...headers, ...signed },
    });
  }
  const get = (path: string, headers: Record<string, string> = {}) => {
    const isPoll = /^\/jobs\/\w+\/[\w-]+($|\?)/.test(path);
    const proof = isPoll ? { "x-api-key": apiKey } : signNow(path, { key: apiKey, secret: apiSecret });
    return fetch(url + path, { headers: { ...proof, ...headers } });
  };

  return {
    url,
    emulator,
    directory,
    post,
    get,
    async settle(pollUrl) {
      for (let round = 0; round < 20; round++) {
        const job = (await (await get(`${pollUrl}?wait=5`)).json()) as Record<string, unknown> & { status: string };
        if (!["pending", "processing"].includes(job.status)) return job;
      }
      throw new Error(`The job at ${pollUrl} did not end.`);
    },
    async [Symbol.asyncDispose]() {
      await service.lifecycle.shutDown();
      await close();
    },
  };
}

/** The prompts that a backend has seen, newest last. */
export async function readPrompts(emulator: Emulator): Promise<string[]> {
  const history = (await (await fetch(`${emulator.url}/history`)).json()) as Record<string, unknown>;
  const queue = (await (await fetch(`${emulator.url}/queue`)).json()) as Record<string, [number, string][]>;
  return [...Object.keys(history), ...Object.values(queue).flatMap((items) => items.map(([, id]) => id))];
}

/** When a backend says that a node of its newest prompt raised, in Unix milliseconds. */
export async function readErrorTime(emulator: Emulator): Promise<number> {
  const history = (await (await fetch(`${emulator.url}/history?max_items=1`)).json()) as Record<
    string,
    { status: { messages: [string, { timestamp: number }][] } }
  >;
  const messages = Object.values(history).flatMap(({ status }) => status.messages);
  const [, error] = messages.find(([type]) => type === "execution_error") ?? [];
  if (error === undefined) throw new Error("No node of the newest prompt raised.");
  return error.timestamp;
}
