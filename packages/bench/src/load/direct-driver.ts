import type { Graph } from "@comfy/comfyui-contract";
import type { Agent } from "undici";
import { openSocket } from "../sockets/open-socket.ts";
import { readBytes, sendJson } from "./http.ts";

/** How somebody without a service would do it: submit, wait on the socket, fetch the file. Nothing is signed, kept or survived. */
export interface DirectDriver extends AsyncDisposable {
  run(index: number, signal: AbortSignal): Promise<void>;
}

interface Executed {
  readonly type: string;
  readonly data: { readonly prompt_id?: string; readonly output?: { readonly images?: readonly File[] } };
}
type File = Readonly<Record<"filename" | "subfolder" | "type", string>>;

interface Waiting {
  file?: File;
  readonly resolve: (file: File) => void;
}

const toGraph = (prefix: string): Graph => ({
  checkpoint: { class_type: "CheckpointLoaderSimple", inputs: { ckpt_name: "flux1-schnell-fp8.safetensors" } },
  positive: { class_type: "CLIPTextEncode", inputs: { clip: ["checkpoint", 1], text: "a lighthouse" } },
  negative: { class_type: "ConditioningZeroOut", inputs: { conditioning: ["positive", 0] } },
  latent: { class_type: "EmptySD3LatentImage", inputs: { width: 1024, height: 1024, batch_size: 1 } },
  sampler: {
    class_type: "KSampler",
    inputs: { model: ["checkpoint", 0], positive: ["positive", 0], negative: ["negative", 0], seed: 1, steps: 4 },
  },
  decode: { class_type: "VAEDecode", inputs: { samples: ["sampler", 0], vae: ["checkpoint", 2] } },
  save: { class_type: "SaveImage", inputs: { images: ["decode", 0], filename_prefix: prefix } },
});

export async function createDirectDriver(
  urls: readonly string[],
  agent: Agent,
  sizeBytes: number,
): Promise<DirectDriver> {
  const clientId = crypto.randomUUID();
  const waiting = new Map<string, Waiting>();
  const cuts = await Promise.all(
    urls.map((url) => openSocket(url, clientId, (text) => hear(JSON.parse(text) as Executed))),
  );

  function hear({ type, data }: Executed): void {
    const entry = waiting.get(data.prompt_id ?? "");
    if (!entry) return;
    const [file] = data.output?.images ?? [];
    if (type === "executed" && file) entry.file = file;
    if (type === "execution_success" && entry.file) entry.resolve(entry.file);
  }

  return {
    async run(index, signal) {
      const url = urls[index % urls.length] ?? "";
      const id = crypto.randomUUID();
      const body = JSON.stringify({ prompt: toGraph(`direct/${id}`), prompt_id: id, client_id: clientId });
      const done = new Promise<File>((resolve, reject) => {
        waiting.set(id, { resolve });
        signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      });
      const headers = { "content-type": "application/json" };
      await sendJson(`${url}/prompt`, { method: "POST", body, headers, dispatcher: agent, signal });
      const file = await done;
      waiting.delete(id);
      await readBytes(`${url}/view?${new URLSearchParams(file)}`, { dispatcher: agent, signal, sizeBytes });
    },
    async [Symbol.asyncDispose]() {
      for (const cut of cuts) cut();
    },
  };
}
