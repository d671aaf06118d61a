import { once } from "node:events";
import { WebSocket } from "ws";
import * as z from "zod";

/** A text message `{type, data}` or a binary frame, in order of arrival. */
export type Frame =
  | { readonly type: string; readonly data: Readonly<Record<string, unknown>>; readonly text: string }
  | { readonly type: "binary"; readonly bytes: Buffer };

export interface Socket {
  readonly clientId: string;
  /** Everything received so far. */
  readonly frames: readonly Frame[];
  /** The first frame, from index `from` on, that passes: waits for it if need be. */
  until(what: string, passes: (frame: Frame) => boolean, from?: number): Promise<Frame>;
  send(text: string): void;
  /** Closes in good order and waits until the server has let go. */
  close(): Promise<void>;
}

const message = z.looseObject({ type: z.string(), data: z.looseObject({}) });
const DEADLINE_MS = 60_000;

function toFrame(bytes: Buffer, isBinary: boolean): Frame {
  if (isBinary) {
    return { type: "binary", bytes };
  }
  const text = bytes.toString("utf8");
  const { type, data } = message.parse(JSON.parse(text));
  return { type, data, text };
}

function withDeadline<T>(promise: Promise<T>, what: string): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new Error(`No ${what} came on the socket within ${DEADLINE_MS} ms.`)),
    DEADLINE_MS,
  );
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** Connects and keeps what comes. Without a client id the server makes one up. */
export async function connect(url: string, clientId: string | undefined, path = "/ws"): Promise<Socket> {
  const query = clientId === undefined ? "" : `?clientId=${encodeURIComponent(clientId)}`;
  const webSocket = new WebSocket(`${url.replace(/^http/, "ws")}${path}${query}`);
  const frames: Frame[] = [];
  const waiting = new Set<() => void>();
  webSocket.on("message", (data: Buffer, isBinary: boolean) => {
    frames.push(toFrame(data, isBinary));
    for (const look of waiting) {
      look();
    }
  });
  await withDeadline(once(webSocket, "open"), "connection");
  return {
    clientId: clientId ?? "",
    frames,
    async until(what, passes, from = 0) {
      const { promise, resolve } = Promise.withResolvers<Frame>();
      const look = (): void => {
        const found = frames.slice(from).find(passes);
        if (found !== undefined) {
          resolve(found);
        }
      };
      waiting.add(look);
      look();
      return await withDeadline(promise, what).finally(() => waiting.delete(look));
    },
    send: (text) => webSocket.send(text),
    async close() {
      if (webSocket.readyState === WebSocket.CLOSED) {
        return;
      }
      const closed = once(webSocket, "close");
      webSocket.close();
      await withDeadline(closed, "close");
    },
  };
}

export const isClosing =
  (promptId: string) =>
  (frame: Frame): boolean =>
    frame.type === "executing" && "data" in frame && frame.data.node === null && frame.data.prompt_id === promptId;

export const isStatus =
  (remaining: number) =>
  (frame: Frame): boolean =>
    frame.type === "status" &&
    "data" in frame &&
    z
      .looseObject({ status: z.object({ exec_info: z.object({ queue_remaining: z.literal(remaining) }) }) })
      .safeParse(frame.data).success;

/** Waits until a prompt has come and gone, as a socket is told by `status` frames. */
export async function untilComeAndGone(socket: Socket): Promise<void> {
  await socket.until("status with 1 prompt", isStatus(1));
  await socket.until("status with 0 prompts", isStatus(0), socket.frames.findIndex(isStatus(1)));
}
