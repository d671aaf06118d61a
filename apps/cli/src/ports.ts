import { once } from "node:events";
import { createServer } from "node:net";

/** Asks whether nobody listens on a port, by listening for a moment. `host` must be the one that will be used. */
export async function isPortFree(port: number, host: string): Promise<boolean> {
  const server = createServer();
  try {
    server.listen({ port, host, exclusive: true });
    await once(server, "listening");
    return true;
  } catch {
    return false;
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}

/** The port that is wanted, or 0 (any free one) when somebody has it already. */
export async function choosePort(wanted: number, host: string): Promise<number> {
  return (await isPortFree(wanted, host)) ? wanted : 0;
}
