import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { onTestFinished } from "vitest";
import { WebSocket } from "ws";
import { createEmulator, type Emulator, type EmulatorOptions } from "../src/index.ts";
import { encodePng } from "../src/media/png.ts";
import { simulateSpeech } from "../src/media/speech.ts";
import { encodeWav } from "../src/media/wav.ts";

export interface HistoryEntry {
  readonly outputs: Readonly<Record<string, Readonly<Record<string, readonly Record<string, unknown>[]>>>>;
  readonly status: {
    readonly status_str: string;
    readonly completed: boolean;
    readonly messages: readonly [string, Record<string, unknown>][];
  };
  readonly prompt: readonly unknown[];
}

/** How long anything may take before a test gives up; the machine may be busy. */
const PATIENCE_MS = 15_000;

/** An emulator without waiting times, closed when the test ends. */
export async function openEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  const emulator = await createEmulator({ speed: Number.POSITIVE_INFINITY, previewMethod: "none", ...options });
  onTestFinished(() => emulator.close());
  return emulator;
}

export type Graph = Record<string, { class_type: string; inputs: Record<string, unknown> }>;

/** One of the recorded example graphs. */
export function exampleGraph(name: string): Graph {
  const path = createRequire(import.meta.url).resolve(`@comfy/comfyui-contract/fixtures/graphs/${name}.json`);
  return JSON.parse(readFileSync(path, "utf8"));
}

/** A graph that runs at once: a small picture in one colour. */
export function smallGraph(color = 255, prefix = "small"): Graph {
  return {
    a: { class_type: "EmptyImage", inputs: { width: 8, height: 8, batch_size: 1, color } },
    save: { class_type: "SaveImage", inputs: { images: ["a", 0], filename_prefix: prefix } },
  };
}

export async function post(emulator: Emulator, path: string, body: unknown): Promise<Response> {
  return fetch(emulator.url + path, {
    method: "POST",
    body: typeof body === "string" ? body : JSON.stringify(body),
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
}

export async function get(emulator: Emulator, path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(emulator.url + path, { signal: AbortSignal.timeout(PATIENCE_MS), ...init });
}

/** Submits a graph and returns its id; throws with the answer when it is refused. */
export async function submit(emulator: Emulator, prompt: Graph, more: Record<string, unknown> = {}): Promise<string> {
  const response = await post(emulator, "/prompt", { prompt, ...more });
  const text = await response.text();
  if (!response.ok) throw new Error(`POST /prompt answered ${response.status}: ${text}`);
  return JSON.parse(text).prompt_id;
}

/** Repeats a look until it shows something. */
export async function until<Value>(look: () => Promise<Value | undefined>): Promise<Value> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const value = await look();
    if (value !== undefined) return value;
    if (Date.now() > deadline) throw new Error(`nothing appeared within ${PATIENCE_MS} ms`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

export async function waitForHistory(emulator: Emulator, promptId: string): Promise<HistoryEntry> {
  return until(async () => {
    const text = await (await get(emulator, `/history/${promptId}`)).text();
    const history: Record<string, HistoryEntry> = JSON.parse(text);
    return history[promptId];
  });
}

export async function run(emulator: Emulator, graph: Graph, more: Record<string, unknown> = {}): Promise<HistoryEntry> {
  return waitForHistory(emulator, await submit(emulator, graph, more));
}

export async function viewBytes(emulator: Emulator, file: Record<string, unknown> | undefined): Promise<Uint8Array> {
  const query = new URLSearchParams({
    filename: String(file?.filename),
    subfolder: String(file?.subfolder),
    type: String(file?.type),
  });
  return new Uint8Array(await (await get(emulator, `/view?${query}`)).arrayBuffer());
}

/** Puts `input.png`, `face.png`, `voice.wav` and `voice.txt` where the example graphs look for them. */
export async function uploadInputs(emulator: Emulator): Promise<void> {
  const data = Uint8Array.from({ length: 96 * 128 * 4 }, (_, index) => (index % 4 === 3 ? 255 : (index * 7) % 251));
  const picture = await encodePng({ width: 96, height: 128, channels: 4, data });
  const voice = encodeWav(simulateSpeech({ text: "hello there", seed: "1", speed: 1, voice: "test" }));
  const files: [string, Uint8Array][] = [
    ["input.png", picture],
    ["face.png", picture],
    ["voice.wav", voice],
    ["voice.txt", Buffer.from("hello there")],
  ];
  for (const [name, bytes] of files) {
    const form = new FormData();
    form.append("image", new Blob([Uint8Array.from(bytes)]), name);
    const response = await fetch(`${emulator.url}/upload/image`, { method: "POST", body: form });
    if (!response.ok) throw new Error(`the upload of ${name} answered ${response.status}`);
  }
}

export interface Listener {
  readonly messages: { readonly type: string; readonly data: Record<string, unknown> }[];
  readonly frames: Buffer[];
  readonly socket: WebSocket;
  /** Waits for a message. */
  next(matches: (message: { type: string; data: Record<string, unknown> }) => boolean): Promise<void>;
}

/** Listens on `/ws`; closed when the test ends. */
export async function listen(emulator: Emulator, clientId: string): Promise<Listener> {
  const socket = new WebSocket(`${emulator.url.replace("http", "ws")}/ws?clientId=${clientId}`);
  const messages: Listener["messages"] = [];
  const frames: Buffer[] = [];
  socket.on("message", (bytes, isBinary) => {
    if (isBinary) frames.push(Buffer.isBuffer(bytes) ? bytes : Buffer.alloc(0));
    else messages.push(JSON.parse(String(bytes)));
  });
  socket.on("error", () => undefined);
  onTestFinished(() => socket.terminate());
  const next: Listener["next"] = async (matches) => {
    await until(async () => messages.find(matches));
  };
  await next(({ type }) => type === "status");
  return { messages, frames, socket, next };
}
