import type { Server } from "node:http";
import { type WebSocket, WebSocketServer } from "ws";

export interface StubSockets {
  /** To the client that submitted, if its socket is there. */
  tell(clientId: string, type: string, data: object): void;
  tellAll(type: string, data: object): void;
  /** Cuts them without a word. */
  drop(): void;
}

const features = { supports_preview_metadata: true, max_upload_size: 104_857_600 };

/** The WebSocket of a server: one socket per client id, the newest counts. */
export function createSockets(server: Server, queueRemaining: () => number): StubSockets {
  const sockets = new Map<string, WebSocket>();
  const wss = new WebSocketServer({ server, path: "/ws", perMessageDeflate: false });
  const send = (socket: WebSocket, type: string, data: object) => socket.send(JSON.stringify({ type, data }));

  wss.on("connection", (socket, request) => {
    const sid = new URL(request.url ?? "/", "http://stub").searchParams.get("clientId") || crypto.randomUUID();
    sockets.set(sid, socket);
    socket.on("error", () => {});
    socket.on("close", () => {
      if (sockets.get(sid) === socket) sockets.delete(sid);
    });
    socket.once("message", () => send(socket, "feature_flags", features));
    send(socket, "status", { status: { exec_info: { queue_remaining: queueRemaining() } }, sid });
  });

  return {
    tell(clientId, type, data) {
      const socket = sockets.get(clientId);
      if (socket) send(socket, type, data);
    },
    tellAll(type, data) {
      for (const socket of sockets.values()) send(socket, type, data);
    },
    drop() {
      for (const socket of wss.clients) socket.terminate();
    },
  };
}
