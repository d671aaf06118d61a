import { featureFlagsMessage } from "@comfy/comfyui-contract";
import { type RawData, WebSocket } from "ws";

/** A preview is at most a few megabytes; a packed `executed` message may be larger. */
const FRAME_BYTES_MAX = 64 * 1024 * 1024;

/** One WebSocket connection, from the attempt to its end. */
export interface Connection {
  readonly isOpen: boolean;
  /** Says goodbye, and drops the connection when the server does not answer within a second. */
  close(): void;
}

export interface ConnectionOptions {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly connectMs: number;
  readonly pingMs: number;
  readonly onMessage: (data: Buffer, isBinary: boolean) => void;
  /** Called once, whether it ever stood or not. */
  readonly onEnd: (reason: { code: number; error?: Error }) => void;
}

const GOODBYE_MS = 1_000;

const toBuffer = (data: RawData): Buffer => {
  if (Array.isArray(data)) return Buffer.concat(data);
  return Buffer.isBuffer(data) ? data : Buffer.from(data);
};

/** The server never pings. Without an answer to our last ping the other side is gone, whatever TCP still believes. */
function keepAlive(socket: WebSocket, pingMs: number): NodeJS.Timeout {
  let isAlive = true;
  socket.on("pong", () => {
    isAlive = true;
  });
  return setInterval(() => {
    if (socket.readyState !== WebSocket.OPEN) return;
    if (!isAlive) return socket.terminate();
    isAlive = false;
    socket.ping();
  }, pingMs);
}

export function openConnection(options: ConnectionOptions): Connection {
  const socket = new WebSocket(options.url, {
    headers: options.headers,
    handshakeTimeout: options.connectMs,
    maxPayload: FRAME_BYTES_MAX,
    perMessageDeflate: false,
  });
  const pings = keepAlive(socket, options.pingMs);
  let error: Error | undefined;
  // The flags belong to the connection and are understood in its first frame only.
  socket.on("open", () => socket.send(JSON.stringify(featureFlagsMessage)));
  socket.on("message", (data, isBinary) => options.onMessage(toBuffer(data), isBinary));
  socket.on("error", (caught) => {
    error = caught;
  });
  socket.on("close", (code) => {
    clearInterval(pings);
    options.onEnd({ code, ...(error ? { error } : {}) });
  });
  return {
    get isOpen() {
      return socket.readyState === WebSocket.OPEN;
    },
    close() {
      socket.close(1000);
      setTimeout(() => socket.terminate(), GOODBYE_MS).unref();
    },
  };
}
