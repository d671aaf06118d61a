import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";

/** aiohttp keeps idle connections for 75 seconds; Node's five would cut clients off behind long computations. */
const KEEP_ALIVE_MS = 75_000;

export interface PortHandlers {
  readonly onRequest: (request: IncomingMessage, response: ServerResponse) => void;
  readonly onUpgrade: (request: IncomingMessage, stream: Duplex, head: Buffer) => void;
}

/** A listening HTTP server. */
export interface OpenPort {
  readonly port: number;
  /** Cuts all connections and frees the port. */
  close(): Promise<void>;
}

/** Opens a port; 0 takes a free one. Rejects when it is taken. */
export async function openPort(handlers: PortHandlers, port: number, host: string): Promise<OpenPort> {
  const server = createServer({ requestTimeout: 0, keepAliveTimeout: KEEP_ALIVE_MS }, handlers.onRequest);
  server.on("upgrade", handlers.onUpgrade);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("the emulator listens on no port");
  return {
    port: address.port,
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}
