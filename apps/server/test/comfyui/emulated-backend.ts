import { type Graph, graph as graphSchema } from "@comfy/comfyui-contract";
import imageOps from "@comfy/comfyui-contract/fixtures/graphs/cpu_image_ops.json" with { type: "json" };
import slow from "@comfy/comfyui-contract/fixtures/graphs/tiny_slow_interruptible.json" with { type: "json" };
import { createEmulator, type Emulator, type EmulatorOptions } from "@comfy/comfyui-emulator";
import type { JobProgress } from "@comfy/contracts";
import { afterEach } from "vitest";
import { type ComfyUiBackendOptions, createComfyUiBackend } from "../../src/adapters/comfyui/create-backend.ts";
import { systemClock } from "../../src/clock.ts";
import { silentLog } from "../../src/log.ts";

const closing: (() => Promise<void>)[] = [];
export const forever = new AbortController().signal;

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

export function createBackend(url: string, options: Partial<ComfyUiBackendOptions> = {}) {
  const backend = createComfyUiBackend({ url, log: silentLog, clock: systemClock, ...options });
  closing.push(() => backend.close());
  return backend;
}

export async function setUp(options: Partial<ComfyUiBackendOptions> = {}, emulated: EmulatorOptions = {}) {
  const emulator = await createEmulator({ speed: 4, previewMethod: "none", ...emulated });
  closing.push(() => emulator.close());
  return { emulator, backend: createBackend(emulator.url, options) };
}

let colors = 0;
export const quickGraph = (): Graph =>
  graphSchema.parse({ ...imageOps, red: { ...imageOps.red, inputs: { ...imageOps.red.inputs, color: ++colors } } });
export const slowGraph = (steps = 5_000): Graph =>
  graphSchema.parse({
    ...slow,
    sampler: { ...slow.sampler, inputs: { ...slow.sampler.inputs, steps, seed: ++colors } },
  });

type Backend = ReturnType<typeof createBackend>;

/** A render under way, and the two ways to end it. */
export function start(backend: Backend, graph: Graph, more: Partial<Parameters<Backend["render"]>[0]> = {}) {
  const promptId = crypto.randomUUID();
  const [cancel, detach] = [new AbortController(), new AbortController()];
  const steps: string[] = [];
  const progress: JobProgress[] = [];
  const working = Promise.withResolvers<void>();
  const outcome = backend.render({
    promptId,
    graph,
    labels: { job: "j" },
    signal: cancel.signal,
    detach: detach.signal,
    onSent: async () => void steps.push("sent"),
    onAccepted: async () => void steps.push("accepted"),
    onProgress: (step) => {
      progress.push(step);
      if (step.steps) working.resolve();
    },
    ...more,
  });
  return { promptId, outcome, steps, progress, working: working.promise, cancel, detach };
}

export const resume = (backend: Backend, promptId: string, backendEpoch?: string) =>
  backend.resume({
    promptId,
    onProgress: () => {},
    signal: forever,
    detach: forever,
    ...(backendEpoch && { backendEpoch }),
  });

export const queueLength = async (emulator: Emulator): Promise<number> => {
  const answer = await fetch(`${emulator.url}/prompt`);
  const { exec_info } = (await answer.json()) as { exec_info: { queue_remaining: number } }; // the emulator's own wire
  return exec_info.queue_remaining;
};

export async function readAll(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}
