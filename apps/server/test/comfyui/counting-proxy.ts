import { createServer, type IncomingMessage, request } from "node:http";
import { type AddressInfo, connect } from "node:net";

/** Stands before a server and notes each request as `METHOD /path`; WebSockets pass as `GET /ws`. */
export async function startCountingProxy(target: string) {
  const { hostname, port } = new URL(target);
  const requests: string[] = [];
  const headers: IncomingMessage["headers"][] = [];
  const note = (incoming: IncomingMessage) => {
    requests.push(`${incoming.method} ${incoming.url?.split("?")[0]}`);
    headers.push(incoming.headers);
  };
  const server = createServer((incoming, outgoing) => {
    note(incoming);
    const { method, url: path, headers: sent } = incoming;
    const onward = request({ hostname, port, method, path, headers: sent }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    onward.on("error", () => outgoing.destroy());
    incoming.pipe(onward);
  });
  const sockets = new Set<{ destroy(): void }>();
  server.on("connection", (socket) => sockets.add(socket));
  server.on("upgrade", (incoming, socket, head) => {
    note(incoming);
    const onward = connect(Number(port), hostname, () => {
      const lines = Object.entries(incoming.headers).map(([name, value]) => `${name}: ${value}`);
      onward.write(`GET ${incoming.url} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`);
      onward.write(head);
      onward.pipe(socket).pipe(onward);
    });
    for (const side of [onward, socket]) side.on("error", () => {});
    sockets.add(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port: bound } = server.address() as AddressInfo; // a TCP server's address is never text
  return {
    url: `http://127.0.0.1:${bound}`,
    requests,
    headers,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
