import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { createEmulator } from "@comfy/comfyui-emulator";
import { createRelay } from "../sockets/relay.ts";

/** How a backend misbehaves for one prompt. */
export interface Mischief {
  /** Names the file it says it has made. */
  readonly filename?: string;
  readonly subfolder?: string;
  /** What it gives for that file. */
  readonly bytes?: Uint8Array;
  /** It takes the prompt this much later. */
  readonly delayMs?: number;
}

/** A ComfyUI that obeys whoever attacks: an emulator behind a proxy that changes what is said about marked prompts. */
export interface Backend {
  readonly url: string;
  /** A prompt that holds this word is treated so. */
  mark(word: string, mischief: Mischief): void;
  close(): Promise<void>;
}

export async function openBackend(): Promise<Backend> {
  const emulator = await createEmulator({ speed: Number.POSITIVE_INFINITY, previewMethod: "none" });
  const lies = createLies();
  const server = createServer((req, res) => void pass(req, res, emulator.url, lies).catch(() => res.destroy()));
  const relay = createRelay(emulator.url, lies.change);
  server.on("upgrade", relay.upgrade);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    mark: lies.mark,
    async close() {
      relay.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await emulator.close();
    },
  };
}

/** Which prompts are marked, and what is said about them. */
function createLies() {
  const byWord = new Map<string, Mischief>();
  const byPrompt = new Map<string, Mischief>();
  return {
    mark: (word: string, mischief: Mischief) => void byWord.set(word, mischief),
    async take(prompt: string): Promise<void> {
      const mischief = [...byWord].find(([word]) => prompt.includes(word))?.[1];
      if (!mischief) return;
      const { prompt_id } = JSON.parse(prompt) as { prompt_id?: string };
      if (prompt_id !== undefined) byPrompt.set(prompt_id, mischief);
      if (mischief.delayMs !== undefined) await sleep(mischief.delayMs);
    },
    bytesOf: (name: string | null) =>
      [...byPrompt.values()].find(({ filename }) => filename !== undefined && filename === name)?.bytes,
    /** A message of the emulator, with other names of files where its prompt is marked. */
    change(text: string): string {
      const [, mischief] = [...byPrompt].find(([id]) => text.includes(id)) ?? [];
      if (!mischief?.filename) return text;
      const { filename, subfolder = "" } = mischief;
      return JSON.stringify(JSON.parse(text), (key, value: unknown) => {
        if (key === "filename") return filename;
        return key === "subfolder" ? subfolder : value;
      });
    },
  };
}

type Lies = ReturnType<typeof createLies>;

async function pass(req: IncomingMessage, res: ServerResponse, emulatorUrl: string, lies: Lies): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of req) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  const asked = new URL(req.url ?? "/", "http://backend");
  const lie = asked.pathname === "/view" ? lies.bytesOf(asked.searchParams.get("filename")) : undefined;
  if (lie) return void res.writeHead(200, { "content-length": lie.length }).end(lie);
  if (req.method === "POST" && asked.pathname === "/prompt") await lies.take(body.toString("utf8"));
  const { hostname, port } = new URL(emulatorUrl);
  const headers = { ...req.headers, host: `${hostname}:${port}` };
  const passed = request({ hostname, port, method: req.method, path: req.url, headers }, (answer) => {
    res.writeHead(answer.statusCode ?? 500, answer.headers);
    answer.pipe(res);
  });
  passed.once("error", () => res.destroy());
  passed.end(body);
}
