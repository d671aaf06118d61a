import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { onTestFinished } from "vitest";

export interface Received {
  /** `webhook-id`. */
  readonly id: string;
  readonly headers: Record<string, string>;
  readonly body: string;
}

/** A receiver of deliveries on a free port, gone with its test. `answer` may leave a delivery without an answer. */
export async function startReceiver(answer: (res: ServerResponse, received: Received) => void = (res) => res.end()) {
  const received: Received[] = [];
  const open = new Set<ServerResponse>();
  const server = createServer(async (req, res) => {
    open.add(res);
    res.on("close", () => open.delete(res));
    const headers = Object.fromEntries(Object.entries(req.headers).map(([name, value]) => [name, String(value)]));
    const delivery = { id: headers["webhook-id"] ?? "", headers, body: await text(req) };
    received.push(delivery);
    answer(res, delivery);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/hook`, received, open, ids: () => received.map(({ id }) => id) };
}
