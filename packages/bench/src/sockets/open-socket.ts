import { once } from "node:events";
import { WebSocket } from "ws";

/** A standing socket to a backend that hands on each text it hears. The function it gives cuts it. */
export async function openSocket(url: string, clientId: string, onText: (text: string) => void): Promise<() => void> {
  const socket = new WebSocket(`${url.replace("http", "ws")}/ws?clientId=${clientId}`);
  socket.on("message", (text) => onText(String(text)));
  await once(socket, "open");
  return () => socket.terminate();
}
