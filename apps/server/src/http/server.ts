import { createServer, type Server } from "node:http";
import { type AddressInfo, isIPv6, type Socket } from "node:net";
import { errorStatus } from "@comfy/contracts";
import { createId } from "../ids.ts";
import type { LifecyclePart } from "../lifecycle.ts";
import { createApp } from "./app.ts";
import type { AppDeps, HttpDeps } from "./deps.ts";
import { createSocketDoor } from "./sockets/socket-door.ts";

interface Timeouts {
  /** For the headers of a request. */
  readonly headersTimeout: number;
  /** For a whole request, its body included. */
  readonly requestTimeout: number;
  /** Between two requests of a connection. */
  readonly keepAliveTimeout: number;
  /** How often the first two are looked at. */
  readonly connectionsCheckingInterval: number;
}

export interface HttpServerOptions {
  readonly host: string;
  /** 0 picks a free port; read it from `url` after the start. */
  readonly port: number;
  /** Milliseconds until slow senders are cut; see the defaults. */
  readonly timeouts?: Partial<Timeouts>;
}

/** The HTTP door as a part of the service. */
export interface HttpServer extends Required<Omit<LifecyclePart, "quiesce">> {
  /**
   * Where it listens, e.g. `http://127.0.0.1:8080`; still so while it drains, when answers with links go out. Throws before the start
   * where the port is left to the system.
   */
  readonly url: string;
}

/**
 * Times that keep slow senders from holding connections: headers within 10 s, the whole request within 5 minutes (a large upload on a
 * slow line), 65 s of idle keep-alive (load balancers give up at 60 s, and must be the first to do so).
 */
const TIMEOUTS: Timeouts = {
  headersTimeout: 10_000,
  requestTimeout: 300_000,
  keepAliveTimeout: 65_000,
  connectionsCheckingInterval: 2_000,
};

const HEADER_SIZE_BYTES_MAX = 16 * 1024;

/** Then a connection is told to close, and what still comes on it is 503: whoever pipelines without end has to come in anew. */
const REQUESTS_PER_CONNECTION_MAX = 1_000;

/** More than one process serves well. What comes beyond is closed at once, so that those who are in keep their files and memory. */
const CONNECTIONS_MAX = 10_000;

/** For the last answers to go out before connections are cut. */
const LAST_ANSWERS_MS = 500;

type BrokenCode = "request_timeout" | "headers_too_large" | "invalid_input";

const brokenRequests: Readonly<Record<string, readonly [BrokenCode, string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: ["request_timeout", "The request did not arrive in time."],
  HPE_HEADER_OVERFLOW: ["headers_too_large", "The headers are larger than 16 KB."],
};

/** What a peer is told whose bytes are not a request: there is no request to route, so the answer is written by hand. */
function answerBroken(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const [code, sentence] = brokenRequests[error.code ?? ""] ?? ["invalid_input", "This is not a valid HTTP request."];
  const requestId = createId();
  const body = JSON.stringify({ error: sentence, code, requestId });
  const head = [
    `HTTP/1.1 ${errorStatus[code]} Refused`,
    "Connection: close",
    "Cache-Control: no-store",
    "X-Content-Type-Options: nosniff",
    "Content-Type: application/json; charset=utf-8",
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Request-Id: ${requestId}`,
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`);
}

function listen(server: Server, { host, port }: HttpServerOptions): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen({ host, port }, () => {
    server.off("error", reject);
    resolve();
  });
  return promise;
}

/** An address to be asked at: whoever listens on all addresses is reached on the loopback one. */
function toUrl(listening: string, port: number): string {
  const host = { "0.0.0.0": "127.0.0.1", "::": "::1" }[listening] ?? listening;
  return `http://${isIPv6(host) ? `[${host}]` : host}:${port}`;
}

/**
 * Serves the app. Draining takes no new connection, ends streams and long polls, and lets running answers finish until the deadline;
 * then, as when it is stopped, those who wait for a job are told where it goes on, and what is left is cut.
 */
export function createHttpServer(deps: HttpDeps, options: HttpServerOptions): HttpServer {
  const draining = new AbortController();
  const closing = new AbortController();
  const appDeps: AppDeps = { ...deps, draining: draining.signal, closing: closing.signal };
  const app = createApp(appDeps);
  const sockets = createSocketDoor(appDeps);
  const server = createServer(
    {
      ...{ ...TIMEOUTS, ...options.timeouts },
      maxHeaderSize: HEADER_SIZE_BYTES_MAX,
      // Any other upgrade is an offer that may be left alone: the HTTP client of Java offers h2c with every request.
      shouldUpgradeCallback: ({ headers }) => headers.upgrade?.toLowerCase() === "websocket",
    },
    app,
  );
  server.maxRequestsPerSocket = REQUESTS_PER_CONNECTION_MAX;
  server.maxConnections = CONNECTIONS_MAX;
  server.on("clientError", answerBroken);
  server.on("upgrade", sockets.upgrade);
  server.on("request", (_req, res) => {
    // A connection that becomes idle during the drain would otherwise be kept alive until its timeout.
    res.once("close", () => draining.signal.aborted && setImmediate(() => server.closeIdleConnections()));
  });
  let closed: Promise<void> | undefined;
  // The server forgets its address when it stops listening.
  let url = options.port === 0 ? undefined : toUrl(options.host, options.port);

  function close(): Promise<void> {
    draining.abort(new Error("The service is shutting down."));
    closed ??= new Promise((resolve) => server.close(() => resolve()));
    server.closeIdleConnections();
    return closed;
  }

  async function cut(): Promise<void> {
    closing.abort(new Error("The service is shutting down."));
    const timer = setTimeout(() => {
      server.closeAllConnections();
      // The server keeps no account of connections that were upgraded.
      sockets.close();
    }, LAST_ANSWERS_MS);
    await close();
    clearTimeout(timer);
  }

  return {
    name: "http",
    get url() {
      if (url === undefined) throw new Error("The HTTP server is not listening.");
      return url;
    },
    async start() {
      await listen(server, options);
      const { address, port } = server.address() as AddressInfo;
      url = toUrl(address, port);
      deps.log.info({ host: options.host, port }, "Listening.");
    },
    async drain(signal) {
      const abort = () => void cut();
      signal.addEventListener("abort", abort, { once: true });
      try {
        await close();
      } finally {
        signal.removeEventListener("abort", abort);
      }
    },
    stop: cut,
  };
}
