import { connect, createServer, type Server, type Socket } from "node:net";

/** A door to a PostgreSQL server that is not there yet, then says that it is starting up, then opens. */
export interface LateServer {
  readonly url: string;
  /** Listens: to the first `refusals` connections it says that the server is starting up, all later ones reach the server. */
  open(refusals: number): Promise<void>;
  close(): Promise<void>;
}

/** What PostgreSQL answers with while it recovers: an ErrorResponse with severity, SQLSTATE and words. */
function startingUp(): Buffer {
  const fields = "SFATAL\0VFATAL\0C57P03\0Mthe database system is starting up\0\0";
  const head = Buffer.alloc(5);
  head.write("E");
  head.writeInt32BE(4 + Buffer.byteLength(fields), 1);
  return Buffer.concat([head, Buffer.from(fields)]);
}

export async function createLateServer(realUrl: string): Promise<LateServer> {
  const port = await findFreePort();
  const url = new URL(realUrl);
  const real = { host: url.hostname, port: Number(url.port) };
  url.port = String(port);
  const sockets = new Set<Socket>();
  let server: Server | undefined;

  function relay(socket: Socket): void {
    const onward = connect(real);
    for (const one of [socket, onward]) {
      sockets.add(one);
      one.on("error", () => undefined).on("close", () => [socket, onward].forEach((other) => void other.destroy()));
    }
    socket.pipe(onward).pipe(socket);
  }

  return {
    url: url.href,
    async open(refusals) {
      let left = refusals;
      server = createServer((socket) => {
        if (left-- <= 0) return relay(socket);
        socket.on("error", () => undefined).once("data", () => socket.end(startingUp()));
      });
      await listen(server, port);
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
    },
  };
}

const listen = (server: Server, port: number) =>
  new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));

async function findFreePort(): Promise<number> {
  const server = createServer();
  await listen(server, 0);
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("No free port was found.");
  return address.port;
}
