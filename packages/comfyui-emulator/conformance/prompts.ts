import { randomInt, randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { type HistoryEntry, history, queueSnapshot } from "@comfy/comfyui-contract";
import * as z from "zod";
import { type Answer, send, sendJson } from "./http.ts";

export type Graph = Readonly<
  Record<string, { readonly class_type: string; readonly inputs: Readonly<Record<string, unknown>> }>
>;

/** A graph that differs from every earlier one, so that no cache answers for it. */
export function freshGraph(filenamePrefix = "conformance/fresh"): Graph {
  return {
    image: {
      class_type: "EmptyImage",
      inputs: { width: 64, height: 32, batch_size: 1, color: randomInt(0xffffff) },
    },
    save: { class_type: "SaveImage", inputs: { images: ["image", 0], filename_prefix: filenamePrefix } },
  };
}

/** Samples for long enough to be found running; needs the 6 MB checkpoint on a real server. */
export function slowGraph(steps = 5000): Graph {
  const link = (node: string, slot = 0): [string, number] => [node, slot];
  return {
    ckpt: { class_type: "CheckpointLoaderSimple", inputs: { ckpt_name: "tiny_sd3.safetensors" } },
    pos: { class_type: "CLIPTextEncode", inputs: { text: "anything", clip: link("ckpt", 1) } },
    neg: { class_type: "CLIPTextEncode", inputs: { text: "", clip: link("ckpt", 1) } },
    latent: { class_type: "EmptySD3LatentImage", inputs: { width: 64, height: 64, batch_size: 1 } },
    sampler: {
      class_type: "KSampler",
      inputs: {
        ...{ model: link("ckpt"), positive: link("pos"), negative: link("neg"), latent_image: link("latent") },
        ...{ seed: randomInt(2 ** 40), steps, cfg: 4, sampler_name: "euler", scheduler: "simple", denoise: 1 },
      },
    },
    decode: { class_type: "VAEDecode", inputs: { samples: link("sampler"), vae: link("ckpt", 2) } },
    save: { class_type: "SaveImage", inputs: { images: link("decode"), filename_prefix: "conformance/slow" } },
  };
}

const accepted = z.looseObject({ prompt_id: z.string(), number: z.number(), node_errors: z.looseObject({}) });

export async function submit(
  url: string,
  prompt: unknown,
  rest: Readonly<Record<string, unknown>> = {},
): Promise<Answer> {
  return await sendJson(url, "/prompt", { prompt, prompt_id: randomUUID(), ...rest });
}

/** Submits what must be accepted; the prompt id. */
export async function submitted(
  url: string,
  prompt: unknown,
  rest?: Readonly<Record<string, unknown>>,
): Promise<string> {
  const answer = await submit(url, prompt, rest);
  if (answer.status !== 200) {
    throw new Error(`The server refused the prompt with ${answer.status}: ${answer.text}`);
  }
  return accepted.parse(answer.json()).prompt_id;
}

export async function readQueue(url: string): Promise<{ running: string[]; pending: string[] }> {
  const { queue_running: running, queue_pending: pending } = queueSnapshot.parse(
    (await send(url, { path: "/queue" })).json(),
  );
  return { running: running.map((item) => String(item[1])), pending: pending.map((item) => String(item[1])) };
}

export async function readHistory(url: string, promptId: string): Promise<HistoryEntry | undefined> {
  return history.parse((await send(url, { path: `/history/${promptId}` })).json())[promptId];
}

/** Looks again and again until something is there; the deadline is the bound, not the wait. */
export async function eventually<T>(what: string, look: () => Promise<T | undefined>, timeoutMs = 120_000): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  while (Date.now() < deadline) {
    const found = await look();
    if (found !== undefined) {
      return found;
    }
    await delay(20);
  }
  throw new Error(`${what}: not within ${timeoutMs} ms.`);
}

export async function finished(url: string, promptId: string): Promise<HistoryEntry> {
  return await eventually(`A history entry of ${promptId}`, () => readHistory(url, promptId));
}

/** Runs a graph to its end and insists on success. */
export async function run(
  url: string,
  prompt: unknown,
  rest?: Readonly<Record<string, unknown>>,
): Promise<HistoryEntry> {
  const entry = await finished(url, await submitted(url, prompt, rest));
  if (entry.status?.completed !== true) {
    throw new Error(`The prompt failed: ${JSON.stringify(entry.status).slice(0, 2000)}`);
  }
  return entry;
}

export async function running(url: string, promptId: string): Promise<void> {
  await eventually(`${promptId} running`, async () =>
    (await readQueue(url)).running.includes(promptId) ? true : undefined,
  );
}

/** Leaves nothing behind that the next test would find: pending prompts go, the running one is interrupted. */
export async function emptyQueue(url: string): Promise<void> {
  await sendJson(url, "/queue", { clear: true });
  await eventually("An empty queue", async () => {
    const { running, pending } = await readQueue(url);
    if (running.length + pending.length === 0) {
      return true;
    }
    await send(url, { method: "POST", path: "/interrupt" });
    return undefined;
  });
}
