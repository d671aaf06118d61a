import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import type { Announcer, Audience } from "../execution/announcer.ts";
import { parsePythonJson } from "../python/parse-json.ts";
import { isPythonObject, isTruthy } from "../python/values.ts";
import { nodeTextFrame, previewFrame, previewWithMetadataFrame, textFrame } from "./frames.ts";

/** Larger frames from clients are refused; they have nothing to say that is longer than a few words. */
const FRAME_BYTES_MAX = 4 * 1024 * 1024;

export interface SocketParts {
  readonly remaining: () => number;
  readonly features: () => unknown;
  /** The node that runs for a client now. */
  readonly currentNode: (clientId: string) => string | undefined;
  readonly isSilent: () => boolean;
  /** Whether the end of an old socket unregisters a newer one with the same id. */
  readonly hasReconnectHazard: () => boolean;
}

/** All WebSockets of one server, and the way to reach them. */
export interface Sockets extends Announcer {
  accept(request: IncomingMessage, stream: Duplex, head: Buffer, clientId: string | null): void;
  /** Tells everybody how many prompts wait and run. */
  sendStatus(): void;
  /** Cuts all connections without a close frame, as a stopped server does. */
  drop(): void;
}

export function createSockets(parts: SocketParts): Sockets {
  const server = new WebSocketServer({ noServer: true, perMessageDeflate: true, maxPayload: FRAME_BYTES_MAX });
  /** One socket per client id: the latest. Older ones stay open and hear nothing more. */
  const table = new Map<string, WebSocket>();
  const open = new Set<WebSocket>();
  const metadataWanters = new Set<WebSocket>();

  function statusData(): { status: { exec_info: { queue_remaining: number } } } {
    return { status: { exec_info: { queue_remaining: parts.remaining() } } };
  }

  function deliver(socket: WebSocket, frame: string | Uint8Array): void {
    if (!parts.isSilent() && socket.readyState === socket.OPEN) socket.send(frame);
  }

  function listeners(audience: Audience): readonly WebSocket[] {
    if (audience === "everybody") return [...table.values()];
    const socket = table.get(audience.clientId);
    return socket === undefined ? [] : [socket];
  }

  function register(socket: WebSocket, clientId: string): void {
    table.set(clientId, socket);
    open.add(socket);
    let isFirst = true;
    socket.on("message", (bytes, isBinary) => {
      if (isBinary || !isFirst) return;
      const message = parseObject(String(bytes));
      if (message === undefined) return;
      isFirst = false;
      if (message.type !== "feature_flags") return;
      const flags = message.data;
      if (isPythonObject(flags) && isTruthy(flags.supports_preview_metadata)) metadataWanters.add(socket);
      deliver(socket, textFrame("feature_flags", parts.features()));
    });
    socket.on("close", () => {
      open.delete(socket);
      metadataWanters.delete(socket);
      if (parts.hasReconnectHazard() || table.get(clientId) === socket) table.delete(clientId);
    });
    // Broken frames and resets end in "close" as well; without a listener they would end the process.
    socket.on("error", () => undefined);
    deliver(socket, textFrame("status", { ...statusData(), sid: clientId }));
    const node = parts.currentNode(clientId);
    if (node !== undefined) deliver(socket, textFrame("executing", { node }));
  }

  return {
    accept(request, stream, head, wantedId) {
      const clientId = wantedId || crypto.randomUUID().replaceAll("-", "");
      server.handleUpgrade(request, stream, head, (socket) => register(socket, clientId));
    },
    send(audience, type, data) {
      const frame = textFrame(type, data);
      for (const socket of listeners(audience)) deliver(socket, frame);
    },
    wantsMetadata: (audience) =>
      audience !== "everybody" && listeners(audience).some((socket) => metadataWanters.has(socket)),
    preview(audience, source, preview) {
      for (const socket of listeners(audience)) {
        const isNew = metadataWanters.has(socket);
        deliver(socket, isNew ? previewWithMetadataFrame(source, preview) : previewFrame(preview));
      }
    },
    text(audience, nodeId, message) {
      for (const socket of listeners(audience)) deliver(socket, nodeTextFrame(nodeId, message));
    },
    sendStatus() {
      const frame = textFrame("status", statusData());
      for (const socket of table.values()) deliver(socket, frame);
    },
    drop() {
      for (const socket of open) socket.terminate();
    },
  };
}

function parseObject(text: string) {
  try {
    const message = parsePythonJson(text);
    return isPythonObject(message) ? message : undefined;
  } catch {
    return undefined;
  }
}
