import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, isIPv6 } from "node:net";
import type { HealthVerbs } from "../health.ts";
import { createId } from "../ids.ts";
import type { LifecyclePart } from "../lifecycle.ts";
import type { Log } from "../log.ts";

export interface HealthServerDeps {
  readonly verbs: HealthVerbs;
  readonly log: Log;
}

export interface HealthServer extends Required<Pick<LifecyclePart, "name" | "start" | "stop">> {
  readonly url: string;
}

const TIMEOUTS = { headersTimeout: 5_000, requestTimeout: 10_000, keepAliveTimeout: 65_000 };

/** The door of a process that only works on jobs: whoever watches over it asks whether it is well, nobody asks for anything else. */
export function createHealthServer(
  { verbs, log }: HealthServerDeps,
  { host, port }: { readonly host: string; readonly port: number },
): HealthServer {
  const server = createServer(TIMEOUTS, (req, res) => {
    answer(req, res, verbs).catch((error: unknown) => {
      log.error({ error }, "A health check could not be answered.");
      send(res, 500, { error: "Something went wrong on our side.", code: "internal_error", requestId: createId() });
    });
  });
  let url = port === 0 ? undefined : toUrl(host, port);
  return {
    name: "health",
    get url() {
      if (url === undefined) throw new Error("The health server is not listening.");
      return url;
    },
    async start() {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      server.once("error", reject);
      server.listen({ host, port }, resolve);
      await promise;
      server.off("error", reject);
      const address = server.address() as AddressInfo;
      url = toUrl(address.address, address.port);
      log.info({ host, port: address.port }, "Listening for health checks.");
    },
    /** Answers until the end: a process that drains says so. */
    async stop() {
      const { promise, resolve } = Promise.withResolvers<void>();
      server.close(() => resolve());
      server.closeAllConnections();
      await promise;
    },
  };
}

async function answer(req: IncomingMessage, res: ServerResponse, verbs: HealthVerbs): Promise<void> {
  const [path] = (req.url ?? "/").split("?");
  const isRead = req.method === "GET" || req.method === "HEAD";
  if (isRead && path === "/ping") return send(res, 200, await verbs.ping());
  if (isRead && path === "/health") {
    const health = await verbs.readHealth();
    return send(res, health.status === "unhealthy" ? 503 : 200, health);
  }
  const error = "This process works on jobs and takes no requests: only GET /health and GET /ping are answered here.";
  send(res, 404, { error, code: "not_found", requestId: createId() });
}

function send(res: ServerResponse, status: number, body: object): void {
  if (res.headersSent) return void res.destroy();
  res.writeHead(status, {
    "content-type": "application/json; charset=utf-8",
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
  });
  res.end(JSON.stringify(body));
}

/** An address to be asked at: whoever listens on all addresses is reached on the loopback one. */
function toUrl(listening: string, port: number): string {
  const host = { "0.0.0.0": "127.0.0.1", "::": "::1" }[listening] ?? listening;
  return `http://${isIPv6(host) ? `[${host}]` : host}:${port}`;
}
