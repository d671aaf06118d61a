import { readFileSync } from "node:fs";
import { type Graph, graph } from "@comfy/comfyui-contract";
import { Agent } from "undici";
import { afterEach } from "vitest";
import { type ComfyUi, type ComfyUiOptions, createComfyUi, type PromptEvent } from "../src/index.ts";

/** A real ComfyUI with the tiny checkpoint, in an idle state; without it these tests run against an emulator. */
export const conformanceUrl = process.env.COMFYUI_CONFORMANCE_URL;

const clients: ComfyUi[] = [];

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
});

export function startClient(url: string, options: Partial<ComfyUiOptions> = {}): ComfyUi {
  const client = createComfyUi({ url, ...options });
  clients.push(client);
  return client;
}

/** Notes every HTTP request of a client as `METHOD /path`. */
export function countRequests(requests: string[]): Partial<ComfyUiOptions> {
  const dispatcher = new Agent().compose((dispatch) => (options, handler) => {
    requests.push(`${options.method} ${options.path}`);
    return dispatch(options, handler);
  });
  return { dispatcher };
}

/** A recorded graph, with values changed so that no earlier run's cache answers for it. */
export function readGraph(name: string, changes: Record<string, Record<string, unknown>> = {}): Graph {
  const path = new URL(`../../../contracts/comfyui/fixtures/graphs/${name}.json`, import.meta.url);
  const read = graph.parse(JSON.parse(readFileSync(path, "utf8")));
  for (const [node, inputs] of Object.entries(changes)) Object.assign(read[node]?.inputs ?? {}, inputs);
  return read;
}

export const randomColor = (): number => Math.floor(Math.random() * 0xffffff);

/** Sends a graph, follows it to its end and keeps all events. */
export async function run(client: ComfyUi, sent: Graph, promptId: string = crypto.randomUUID()) {
  const submitted = await client.submit({ promptId, graph: sent });
  if (submitted.type !== "accepted") throw new Error(`Not accepted: ${JSON.stringify(submitted)}`);
  const events: PromptEvent[] = [];
  const ended = await client.follow({ promptId, onEvent: (event) => events.push(event) });
  return { ended, events, promptId };
}

export async function readAll(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}
