import { once } from "node:events";
import { createServer } from "node:net";

/** Why a port cannot be listened on, as the code of the attempt (`EADDRINUSE`), or undefined when it can. `host` must be the one that will be used. */
async function tryPort(port: number, host: string): Promise<string | undefined> {
  const server = createServer();
  try {
    server.listen({ port, host, exclusive: true });
    await once(server, "listening");
    return undefined;
  } catch (error) {
    return error instanceof Error && "code" in error ? String(error.code) : String(error);
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}

const REASONS: Readonly<Record<string, (port: number, host: string) => string>> = {
  EADDRINUSE: (port, host) => `Port ${port} of ${host} is taken by another program: stop it, or set another PORT.`,
  EACCES: (port) => `Port ${port} may not be used by this user: set a PORT from 1024 to 65535.`,
  EADDRNOTAVAIL: (_, host) => `HOST is "${host}", which is not an address of this machine: 127.0.0.1 and 0.0.0.0 are.`,
  ENOTFOUND: (_, host) =>
    `HOST is "${host}", which is not a known name: 127.0.0.1 and 0.0.0.0 are addresses of this machine.`,
};

/** Insists that a port can be listened on. @throws Error with what to change. */
export async function assertPortFree(port: number, host: string): Promise<void> {
  const code = await tryPort(port, host);
  if (code === undefined) return;
  throw new Error(REASONS[code]?.(port, host) ?? `Port ${port} of ${host} cannot be listened on (${code}).`);
}

/** The port that is wanted, or 0 (any free one) when somebody has it already. @throws Error for a host that is no address here. */
export async function choosePort(wanted: number, host: string): Promise<number> {
  if ((await tryPort(wanted, host)) === undefined) return wanted;
  await assertPortFree(0, host);
  return 0;
}
