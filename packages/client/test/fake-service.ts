import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { isWithinWindow, parseSignatureHeaders, verifySignature } from "@comfy/signing";

/** One request as it arrived, byte for byte. */
export interface Arrived {
  readonly method: string;
  readonly target: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
  readonly bytes: Buffer;
  readonly atMs: number;
}

export type Handler = (request: Arrived, response: ServerResponse, number: number) => unknown;

/** Key and secret every client of these tests is given. */
export const KEY = "pro_test";
export const SECRET = "test-secret-🔑";

/** Why a request would be refused, or undefined: the real verification, as the service does it. */
export async function refusalOf(request: Arrived, nowMs = Date.now()): Promise<string | undefined> {
  const parsed = parseSignatureHeaders(request.headers);
  if (!parsed.ok) return parsed.reason;
  if (!isWithinWindow(parsed.headers.timestamp, nowMs)) return "signature_expired";
  const { method, target, bytes: body } = request;
  const outcome = await verifySignature({ ...parsed.headers, secret: SECRET, method, target, body });
  return outcome.ok ? undefined : outcome.reason;
}

export function json(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
}

/**
 * A real HTTP server on loopback that does what a test says. Routes are `METHOD /path`; a handler is called with the number of earlier
 * requests of its route, so that it can misbehave at first.
 */
export async function startService(routes: Record<string, Handler>, port = 0) {
  const requests: Arrived[] = [];
  const counts = new Map<string, number>();
  const server = createServer(async (incoming, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const bytes = Buffer.concat(chunks);
    const target = incoming.url ?? "";
    const path = target.replace(/\?.*/, "");
    const { method = "", headers } = incoming;
    const request = { method, target, path, headers, bytes, body: bytes.toString(), atMs: Date.now() };
    requests.push(request);
    const route = `${method} ${path}`;
    const number = counts.get(route) ?? 0;
    counts.set(route, number + 1);
    const handler = routes[route] ?? routes["*"];
    if (handler) await handler(request, response, number);
    else json(response, 404, { error: "There is nothing here.", code: "not_found", requestId: "r" });
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  const address = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${address.port}`,
    port: address.port,
    requests,
    of: (route: string) => requests.filter(({ method, path }) => `${method} ${path}` === route),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export const RESULT = {
  signedUrl: "https://cdn.test/a.png",
  localPath: "/outputs/a/a.png",
  taskId: "j1",
  prompt: "a portrait",
  model: "flux-schnell",
  seed: 7,
  assets: [],
};

const createdAt = "2026-11-24T12:00:00.000Z";
export const queued = { status: "queued", jobId: "j1", pollUrl: "/jobs/portrait/j1" };
export const processing = { id: "j1", status: "processing", createdAt };
export const complete = {
  id: "j1",
  status: "complete",
  createdAt,
  completedAt: createdAt,
  result: { status: "complete", result: RESULT },
};

/** The three routes a portrait needs, all well; tests replace what they are about. */
export const wellBehaved: Record<string, Handler> = {
  "POST /portrait/async": (_, response) => json(response, 202, queued),
  "GET /jobs/portrait/j1": (_, response) => json(response, 200, complete),
  "POST /jobs/portrait/j1/cancel": (_, response) =>
    json(response, 200, { ...processing, status: "cancelled", error: "Cancelled.", code: "cancelled" }),
};
