import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createSockets } from "../sockets/serve-sockets.ts";
import { createFiles } from "./files.ts";
import { nodeClasses } from "./node-classes.ts";
import { isRefusal, parsePrompt } from "./prompts.ts";
import type { Rendering } from "./protocol.ts";
import { Runner } from "./runner.ts";

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

const pick = (name: string) => (Object.hasOwn(nodeClasses, name) ? { [name]: nodeClasses[name] } : {});

type Handler = (call: { response: ServerResponse; query: URLSearchParams; name: string; text: string }) => void;

/** The routes by method and first part of the path; `name` is the second part. */
function createRoutes(runner: Runner, files: ReturnType<typeof createFiles>): Readonly<Record<string, Handler>> {
  let number = 0;
  return {
    "POST /prompt": ({ response, text }) => {
      const prompt = parsePrompt(text, number++);
      if (isRefusal(prompt)) return answer(response, 400, prompt);
      answer(response, 200, { prompt_id: prompt.id, number: prompt.number, node_errors: {} });
      runner.add(prompt);
    },
    "GET /prompt": ({ response }) => answer(response, 200, { exec_info: { queue_remaining: runner.remaining } }),
    "GET /history": ({ response, name }) => answer(response, 200, runner.history(name)),
    "GET /queue": ({ response }) => answer(response, 200, runner.queue()),
    "POST /queue": ({ response, text }) => {
      const { delete: ids = [] } = JSON.parse(text) as { delete?: string[] };
      runner.remove(ids);
      answer(response, 200, {});
    },
    "POST /interrupt": ({ response, text }) => {
      const { prompt_id = "" } = JSON.parse(text || "{}") as { prompt_id?: string };
      runner.interrupt(prompt_id);
      answer(response, 200, {});
    },
    "GET /view": ({ response, query }) => files.view(query, response),
    "POST /upload": ({ response, text }) => answer(response, 200, files.upload(text)),
    "GET /object_info": ({ response, name }) => answer(response, 200, name ? pick(name) : nodeClasses),
    "GET /system_stats": ({ response }) => answer(response, 200, stats),
    "POST /free": ({ response }) => answer(response, 200, {}),
  };
}

/** A ComfyUI that renders nothing and is quick about it: the protocol, with generated files. */
export async function createStubBackend({ rendering, onRequest }: StubOptions): Promise<StubBackend> {
  const server = createServer((request, response) => {
    handle(request, response).catch(() => response.destroy());
  });
  const sockets = createSockets(server, () => runner.remaining);
  const runner = new Runner(rendering, sockets);
  const routes = createRoutes(runner, createFiles(rendering));

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams: query } = new URL(request.url ?? "/", "http://stub");
    const [, first = "", second = ""] = pathname.split("/").map(decodeURIComponent);
    const route = `${request.method} /${first}`;
    onRequest(route);
    const handler = Object.hasOwn(routes, route) ? routes[route] : undefined;
    const text = request.method === "POST" ? await readText(request) : "";
    if (handler) handler({ response, query, name: second, text });
    else response.writeHead(404).end();
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
