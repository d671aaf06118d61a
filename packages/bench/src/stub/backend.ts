import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { pipeline, Readable } from "node:stream";
import { nodeClasses } from "./node-classes.ts";
import { toPicture } from "./picture.ts";
import { isRefusal, parsePrompt } from "./prompts.ts";
import type { Rendering } from "./protocol.ts";
import { createRunner } from "./runner.ts";
import { createSockets } from "./sockets.ts";

export interface StubBackend {
  readonly url: string;
  drop(isAll: boolean): void;
  close(): void;
}

export interface StubOptions {
  readonly rendering: () => Rendering;
  /** Told of each request: `GET /view`. */
  readonly onRequest: (name: string) => void;
}

const stats = {
  system: { os: "posix", comfyui_version: "0.3.64", python_version: "3.12", pytorch_version: "2.8", argv: [] },
  devices: [{ name: "cuda:0 Stub", type: "cuda", index: 0, vram_total: 24e9, vram_free: 20e9 }],
};

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  response.writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(text) });
  response.end(text);
}

/** A ComfyUI that renders nothing and is quick about it: the protocol, with generated files. */
export async function createStubBackend({ rendering, onRequest }: StubOptions): Promise<StubBackend> {
  const server = createServer((request, response) => {
    handle(request, response).catch(() => response.destroy());
  });
  const sockets = createSockets(server, () => runner.remaining());
  const runner = createRunner(rendering, sockets);
  const uploads = new Map<string, string>();
  let number = 0;

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://stub");
    const [, first = "", second = ""] = pathname.split("/").map(decodeURIComponent);
    const name = `${request.method} /${first}`;
    onRequest(name);
    switch (name) {
      case "POST /prompt": {
        const prompt = parsePrompt(await readText(request), number++);
        if (isRefusal(prompt)) return answer(response, 400, prompt);
        answer(response, 200, { prompt_id: prompt.id, number: prompt.number, node_errors: {} });
        return runner.add(prompt);
      }
      case "GET /prompt":
        return answer(response, 200, { exec_info: { queue_remaining: runner.remaining() } });
      case "GET /history":
        return answer(response, 200, runner.history(second));
      case "GET /queue":
        return answer(response, 200, runner.queue());
      case "POST /queue": {
        const { delete: ids = [] } = JSON.parse(await readText(request)) as { delete?: string[] };
        runner.remove(ids);
        return answer(response, 200, {});
      }
      case "POST /interrupt": {
        const { prompt_id = "" } = JSON.parse((await readText(request)) || "{}") as { prompt_id?: string };
        runner.interrupt(prompt_id);
        return answer(response, 200, {});
      }
      case "GET /view":
        return view(searchParams, response);
      case "GET /object_info":
        return answer(response, 200, second ? pick(second) : nodeClasses);
      case "GET /system_stats":
        return answer(response, 200, stats);
      case "POST /upload":
        return upload(await readText(request), response);
      case "POST /free":
        request.resume();
        return answer(response, 200, {});
      default:
        request.resume();
        response.writeHead(404).end();
    }
  }

  function view(query: URLSearchParams, response: ServerResponse): void {
    const name = query.get("filename") ?? "";
    if (query.get("type") === "temp") {
      const text = uploads.get(name);
      if (text === undefined) return void response.writeHead(404).end();
      return void response.writeHead(200, { "content-type": "text/plain", "content-length": text.length }).end(text);
    }
    const { outputBytes } = rendering();
    response.writeHead(200, { "content-type": "image/png", "content-length": outputBytes });
    const pieces = toPicture(`${query.get("subfolder")}/${name}`, outputBytes);
    // Two pieces fit into the socket's buffer without a stream around them.
    if (outputBytes <= 1_500_000) {
      for (const piece of pieces) response.write(piece);
      return void response.end();
    }
    pipeline(Readable.from(pieces, { objectMode: false }), response, () => {});
  }

  /** Only the text files that mark a boot are uploaded: the first keeps its name. */
  function upload(body: string, response: ServerResponse): void {
    const name = /filename="([^"]+)"/.exec(body)?.[1] ?? "";
    const text = /octet-stream\r\n\r\n([^\r]*)\r\n/.exec(body)?.[1] ?? "";
    if (!uploads.has(name)) uploads.set(name, text);
    answer(response, 200, { name, subfolder: "", type: "temp" });
  }

  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    drop(isAll) {
      sockets.drop();
      if (isAll) server.closeAllConnections();
    },
    close() {
      sockets.drop();
      server.closeAllConnections();
      server.close();
    },
  };
}

const pick = (name: string) => (Object.hasOwn(nodeClasses, name) ? { [name]: nodeClasses[name] } : {});
