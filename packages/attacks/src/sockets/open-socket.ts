import { WebSocket } from "ws";

/** A WebSocket that was asked for: the status of a refusal, or what came over it. */
export interface Opened {
  /** 101 when it was opened. */
  readonly status: number;
  readonly text: string;
  readonly closeCode: number | undefined;
}

export interface SocketOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent once it is open. */
  readonly message?: string;
  /** Closed from this side after this long. */
  readonly openMs?: number;
}

/** Opens a WebSocket, takes what comes, and closes it. */
export function openSocket(origin: string, path: string, options: SocketOptions = {}): Promise<Opened> {
  const { headers = {}, message, openMs = 1_000 } = options;
  const { promise, resolve, reject } = Promise.withResolvers<Opened>();
  const socket = new WebSocket(origin.replace("http", "ws") + path, { headers, perMessageDeflate: false });
  let text = "";
  const timer = setTimeout(() => end(101, undefined), openMs + 5_000);
  const end = (status: number, closeCode: number | undefined) => {
    clearTimeout(timer);
    socket.terminate();
    resolve({ status, text, closeCode });
  };
  socket.once("unexpected-response", (_request, response) => {
    end(response.statusCode ?? 0, undefined);
    response.destroy();
  });
  socket.on("message", (data) => {
    text += data.toString();
  });
  socket.once("open", () => {
    if (message !== undefined) socket.send(message);
    setTimeout(() => end(101, undefined), openMs);
  });
  socket.once("close", (code) => end(101, code));
  socket.on("error", (error) => reject(error));
  return promise;
}
