import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { signRequest } from "@comfy/signing";

export const apiKey = "enterprise_end_to_end";
export const apiSecret = "the-secret-of-the-end-to-end-tests";

const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url));

export interface SpawnOptions {
  readonly directory: string;
  readonly backends: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

/** The service as a process of its own, which can be killed. */
export interface SpawnedService {
  readonly url: string;
  /** Its log lines, parsed. */
  readonly lines: readonly Record<string, unknown>[];
  signal(name: NodeJS.Signals): void;
  /** Signals and waits for the end; gives the exit code, null when the signal ended it. */
  end(name: NodeJS.Signals): Promise<number | null>;
  /** A signed POST of JSON. */
  post(path: string, body: unknown): Promise<Response>;
  /** Reads a job; the answer is held until it ends, or `waitSeconds` are over. */
  read(pollUrl: string, waitSeconds?: number): Promise<Record<string, unknown> & { status: string }>;
}

export async function spawnService({ directory, backends, environment = {} }: SpawnOptions): Promise<SpawnedService> {
  const child = spawn(process.execPath, ["--conditions=@comfy/source", main], {
    stdio: ["ignore", "pipe", "inherit"],
    env: {
      PATH: process.env.PATH,
      PORT: "0",
      HOST: "127.0.0.1",
      DATA_DIR: directory,
      COMFYUI_URL: backends.join(","),
      COMFYUI_API_KEYS: apiKey,
      COMFYUI_API_SECRET: apiSecret,
      ...environment,
    },
  });
  const lines: Record<string, unknown>[] = [];
  const url = await readUrl(child, lines);
  const exited = new Promise<number | null>((resolve) => child.once("exit", (code) => resolve(code)));
  return {
    url,
    lines,
    signal: (name) => void child.kill(name),
    end(name) {
      child.kill(name);
      return exited;
    },
    post: (path, body) => post(url, path, JSON.stringify(body)),
    async read(pollUrl, waitSeconds = 0) {
      const response = await fetch(`${url}${pollUrl}?wait=${waitSeconds}`, { headers: { "x-api-key": apiKey } });
      return (await response.json()) as Record<string, unknown> & { status: string };
    },
  };
}

function readUrl(child: ChildProcess, lines: Record<string, unknown>[]): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const output = createInterface({ input: child.stdout ?? process.stdin });
  output.on("line", (line) => {
    const record = JSON.parse(line) as Record<string, unknown>;
    lines.push(record);
    if (record.event === "ready") resolve(String(record.url));
  });
  child.once("exit", (code) => reject(new Error(`The service ended before it was ready, with ${code}.`)));
  return promise;
}

async function post(url: string, path: string, body: string): Promise<Response> {
  const signer = { version: 2, keyId: apiKey, secret: apiSecret } as const;
  const headers = await signRequest({ ...signer, method: "POST", target: path, body });
  return fetch(url + path, { method: "POST", body, headers: { "content-type": "application/json", ...headers } });
}
