import { once } from "node:events";
import { onTestFinished } from "vitest";
import { type ClientOptions, WebSocket } from "ws";
import { post } from "./call.ts";
import { signNow } from "./sign-now.ts";
import { type Door, PRO_KEY, SECRET } from "./start-door.ts";

interface Message {
  readonly id: string;
  readonly type: string;
  readonly [field: string]: unknown;
}

/** A job of the first key, and its socket. */
export async function submit(door: Door): Promise<{ id: string; path: string }> {
  const { body } = await post(door, "/portrait/async", { description: "Viking warrior" });
  return { id: body.jobId, path: `/ws/jobs/${body.jobId}` };
}

/** A listening socket: what it was sent, and how it was closed. */
export function openSocket(
  door: Door,
  path: string,
  headers: Record<string, string> = signNow(path, { key: PRO_KEY, secret: SECRET }),
  options: ClientOptions = {},
) {
  const socket = new WebSocket(door.url.replace("http", "ws") + path, { ...options, headers });
  onTestFinished(() => socket.terminate());
  const messages: Message[] = [];
  socket.on("message", (data) => messages.push(JSON.parse(String(data))));
  const closed = once(socket, "close").then(([code]) => Number(code));
  closed.catch(() => {});
  return { socket, messages, closed };
}

/** What a refused upgrade was answered. */
export async function openRefused(door: Pick<Door, "url">, path: string, headers: Record<string, string> = {}) {
  const socket = new WebSocket(door.url.replace("http", "ws") + path, { headers });
  const [, response] = await once(socket, "unexpected-response");
  let text = "";
  for await (const chunk of response) text += chunk;
  return { status: response.statusCode as number, headers: response.headers, body: JSON.parse(text) };
}
