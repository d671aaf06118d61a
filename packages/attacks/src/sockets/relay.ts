import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocket, WebSocketServer } from "ws";

/** Stands between two ends of WebSockets. */
export interface Relay {
  /** Takes a server's `upgrade` event. */
  readonly upgrade: (req: IncomingMessage, socket: Duplex, head: Buffer) => void;
  close(): void;
}

/** Passes messages on between whoever comes and the same path at another address; text that goes back is changed. */
export function createRelay(farUrl: string, change: (text: string) => string): Relay {
  const sockets = new WebSocketServer({ noServer: true });
  return {
    upgrade(req, socket, head) {
      const far = farUrl.replace("http", "ws") + (req.url ?? "");
      sockets.handleUpgrade(req, socket, head, (near) => join(near, new WebSocket(far), change));
    },
    close() {
      for (const client of sockets.clients) client.terminate();
    },
  };
}

/** Passes messages on, both ways, until one side closes. */
function join(near: WebSocket, far: WebSocket, change: (text: string) => string): void {
  const early: string[] = [];
  near.on("message", (data) => {
    if (far.readyState === far.OPEN) far.send(data.toString());
    else early.push(data.toString());
  });
  far.on("open", () => {
    for (const text of early) far.send(text);
  });
  far.on("message", (data, isBinary) => near.send(isBinary ? data : change(data.toString()), { binary: isBinary }));
  for (const [one, other] of [
    [near, far],
    [far, near],
  ] as const) {
    one.on("close", () => other.terminate());
    one.on("error", () => other.terminate());
  }
}
