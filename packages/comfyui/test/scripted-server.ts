import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket as TcpSocket } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";

export type Route = (
  request: IncomingMessage & { text: string; bytes: Buffer },
  response: ServerResponse,
) => void | Promise<void>;

/** A real HTTP and WebSocket server that answers as a test tells it to: for what no honest server does on demand. */
export interface ScriptedServer {
  readonly url: string;
  /** Requests so far, as `GET /queue`. */
  readonly requests: readonly string[];
  /** Sockets that are open now, oldest first. */
  readonly sockets: readonly WebSocket[];
  /** Client ids of all sockets there ever were. */
  readonly clientIds: readonly string[];
  /** Text messages of all sockets there ever were. */
  readonly heard: readonly string[];
  /** Answers `METHOD /path`; a path ending in `*` takes all that begin so. */
  on(route: string, answer: Route): void;
  say(type: string, data: object): void;
  close(): Promise<void>;
}

export const json = (response: ServerResponse, body: unknown, status = 200): void => {
  response.writeHead(status, { "content-type": "application/json; charset=utf-8" }).end(JSON.stringify(body));
};

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

const status = { status: { exec_info: { queue_remaining: 0 } } };

/** @param port 0 for a free one; a known one to come back after a "restart" */
export async function startScriptedServer(port = 0, greets = true): Promise<ScriptedServer> {
  const routes = new Map<string, Route>();
  const requests: string[] = [];
  const clientIds: string[] = [];
  const sockets: WebSocket[] = [];
  const heard: string[] = [];
  const tcp = new Set<TcpSocket>();

  const server = createServer((request, response) => {
    void (async () => {
      const path = request.url?.split("?")[0] ?? "";
      const name = `${request.method} ${path}`;
      requests.push(name);
      const bytes = await readBody(request);
      const wild = [...routes.keys()].find((key) => key.endsWith("*") && name.startsWith(key.slice(0, -1)));
      const route = routes.get(name) ?? routes.get(wild ?? "");
      if (route) await route(Object.assign(request, { text: bytes.toString("utf8"), bytes }), response);
      else response.writeHead(404).end();
    })().catch(() => response.destroy());
  });
  server.on("connection", (socket) => {
    tcp.add(socket);
    socket.on("close", () => tcp.delete(socket));
  });

  const socketServer = new WebSocketServer({ server, path: "/ws" });
  socketServer.on("connection", (socket, request) => {
    clientIds.push(new URL(request.url ?? "", "http://x").searchParams.get("clientId") ?? "");
    sockets.push(socket);
    socket.on("message", (data) => heard.push(String(data)));
    socket.on("close", () => sockets.splice(sockets.indexOf(socket), 1));
    if (greets) socket.send(JSON.stringify({ type: "status", data: { ...status, sid: clientIds.at(-1) } }));
  });

  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  const { port: bound } = server.address() as AddressInfo; // a TCP server's address is never text
  return {
    url: `http://127.0.0.1:${bound}`,
    requests,
    sockets,
    clientIds,
    heard,
    on: (route, answer) => void routes.set(route, answer),
    say: (type, data) => {
      for (const socket of sockets) socket.send(JSON.stringify({ type, data }));
    },
    close: () =>
      new Promise((resolve) => {
        for (const socket of [...sockets]) socket.terminate();
        for (const socket of tcp) socket.destroy();
        socketServer.close();
        server.close(() => resolve());
      }),
  };
}

export interface World {
  running: string[];
  pending: string[];
  history: Record<string, object>;
}

export const graph = {
  "1": { class_type: "EmptyImage", inputs: { width: 8, height: 8, batch_size: 1, color: 1 } },
  "2": { class_type: "SaveImage", inputs: { images: ["1", 0], filename_prefix: "a" } },
};

/** Queue and history that answer from `world`, and a `POST /prompt` that takes everything. */
export function answerFrom(server: ScriptedServer, world: World): void {
  const item = (id: string, index: number) => [index, id, graph, {}, ["2"]];
  server.on("GET /queue", (_, response) =>
    json(response, { queue_running: world.running.map(item), queue_pending: world.pending.map(item) }),
  );
  server.on("GET /history/*", (request, response) => {
    const id = request.url?.slice("/history/".length) ?? "";
    json(response, world.history[id] ? { [id]: world.history[id] } : {});
  });
  server.on("POST /prompt", (request, response) => {
    const { prompt_id } = JSON.parse(request.text);
    world.running.push(prompt_id);
    json(response, { prompt_id, number: 1, node_errors: {} });
  });
}

const output = { filename: "a_00001_.png", subfolder: "", type: "output" };

export function historyOf(promptId: string, last: [string, object], completed = false): object {
  return {
    prompt: [0, promptId, graph, {}, ["2"]],
    outputs: completed ? { "2": { images: [output] } } : {},
    status: { status_str: completed ? "success" : "error", completed, messages: [["execution_start", {}], last] },
    meta: {},
  };
}

export const successOf = (promptId: string): object =>
  historyOf(promptId, ["execution_success", { prompt_id: promptId, timestamp: 1 }], true);
