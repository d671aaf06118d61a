import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { text } from "./answer.ts";
import { isForeignOrigin } from "./origin.ts";
import type { Route } from "./router.ts";

export type AcceptSocket = (request: IncomingMessage, stream: Duplex, head: Buffer, clientId: string | null) => void;

/** Lets `/ws` and `/api/ws` become WebSockets, unless a foreign page asks; other upgrades are refused. */
export function createUpgrade(accept: AcceptSocket, corsOrigin: string | undefined) {
  return (request: IncomingMessage, stream: Duplex, head: Buffer): void => {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://localhost");
    // A connection that breaks now must not end the process.
    stream.on("error", () => undefined);
    if (corsOrigin === undefined && isForeignOrigin(request.headers.host, request.headers.origin)) {
      refuse(stream, "403 Forbidden");
    } else if (pathname === "/ws" || pathname === "/api/ws") {
      accept(request, stream, head, searchParams.get("clientId"));
    } else refuse(stream, "404 Not Found");
  };
}

function refuse(stream: Duplex, status: string): void {
  stream.end(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
}

/** A plain request for the socket's address is told what it lacks. */
export const socketRoute: Route = {
  method: "GET",
  path: "/ws",
  handle: () => text('No WebSocket UPGRADE hdr: None\n Can "Upgrade" only to "WebSocket".', 400),
};
