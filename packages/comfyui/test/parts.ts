import { afterEach } from "vitest";
import { type ComfyUi, type ComfyUiOptions, createComfyUi } from "../src/index.ts";
import { answerFrom, type ScriptedServer, startScriptedServer, successOf, type World } from "./scripted-server.ts";

/** Fast rhythms, so that a test of a slow thing need not be slow. */
export const quick = {
  pollMs: 50,
  quietMs: 50,
  pingMs: 100,
  socketMs: 1_000,
  requestMs: 2_000,
  submitMs: 2_000,
  chunkMs: 2_000,
};

const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

export function closeLater<Part extends { close(): Promise<void> }>(part: Part): Part {
  closing.push(() => part.close());
  return part;
}

export const startServer = async (port = 0, greets = true): Promise<ScriptedServer> =>
  closeLater(await startScriptedServer(port, greets));

export const startClient = (url: string, options: Partial<ComfyUiOptions> = {}): ComfyUi =>
  closeLater(createComfyUi({ url, timeouts: quick, ...options }));

export const emptyWorld = (): World => ({ running: [], pending: [], history: {} });

export async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** A server whose answers come from a world that the test changes, and a client of it. */
export async function setUp(options: Parameters<typeof startClient>[1] = {}) {
  const server = await startServer();
  const world = emptyWorld();
  answerFrom(server, world);
  return { server, world, comfy: startClient(server.url, options), promptId: crypto.randomUUID() };
}

/** Moves a prompt into the history. */
export function finish(world: World, promptId: string, entry = successOf(promptId)): void {
  world.running = world.running.filter((id) => id !== promptId);
  world.history[promptId] = entry;
}
