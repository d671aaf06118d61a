import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer as createHttpServer } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo, Server } from "node:net";
import { createServer as createTcpServer } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";

/** Stands for a server on the public internet: loopback as any address of 127/8, but none that an attack names. */
export const OUTSIDE_ADDRESS = "127.9.9.9";
const INSIDE_ADDRESS = "127.0.0.1";

/** A request that arrived outside. */
export interface Visit {
  readonly path: string;
  readonly host: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: string;
}

type Handle = (req: IncomingMessage, res: ServerResponse, body: string) => void;

/** Servers that are no part of the service: one that callers may name, and one on the inside that they may not reach. */
export interface Outside {
  /** The certificate that the service is told to trust, a file. */
  readonly certificate: string;
  /** `https://outside.test:PORT` */
  readonly origin: string;
  readonly port: number;
  /** The same over plain HTTP, on another port. */
  readonly plainOrigin: string;
  /** A port on 127.0.0.1; who connects to it has reached the inside. */
  readonly insidePort: number;
  /** How many connections the inside has seen. */
  insideCount(): number;
  /** Requests below a path, oldest first. */
  visits(prefix: string): readonly Visit[];
  /** What is answered below a path; 204 where nothing is said. */
  handle(prefix: string, handle: Handle): void;
  close(): Promise<void>;
}

/** What each name is answered with, in turn. */
export const names: Readonly<Record<string, readonly (readonly string[])[]>> = {
  "outside.test": [[OUTSIDE_ADDRESS]],
  "elsewhere.test": [[OUTSIDE_ADDRESS]],
  // Public when it is looked at, private when it is dialled.
  "rebinding.test": [[INSIDE_ADDRESS]],
  "mixed.test": [[INSIDE_ADDRESS, OUTSIDE_ADDRESS]],
  "metadata.test": [["169.254.169.254"]],
};

const listen = async (server: Server, host: string): Promise<number> => {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, host, resolve);
  });
  return (server.address() as AddressInfo).port;
};

async function makeCertificate(folder: string) {
  const [key, certificate] = [join(folder, "outside.key"), join(folder, "outside.pem")];
  const hosts = ["*.test", ...Object.keys(names)].map((name) => `DNS:${name}`).join(",");
  const made = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  const named = ["-subj", "/CN=outside.test", "-addext", `subjectAltName=${hosts},IP:127.0.0.1,IP:${OUTSIDE_ADDRESS}`];
  await promisify(execFile)("openssl", ["req", ...made, ...named, "-keyout", key, "-out", certificate]);
  return { certificate, key: await readFile(key), cert: await readFile(certificate) };
}

export async function openOutside(folder: string): Promise<Outside> {
  const { certificate, key, cert } = await makeCertificate(folder);
  const seen: Visit[] = [];
  const handlers = new Map<string, Handle>();
  const take = (req: IncomingMessage, res: ServerResponse) => {
    let body = "";
    req.setEncoding("utf8").on("data", (chunk: string) => {
      body += chunk;
    });
    req.once("end", () => {
      const path = req.url ?? "/";
      seen.push({ path, host: req.headers.host ?? "", headers: req.headers, body });
      const [, handle] = [...handlers].find(([prefix]) => path.startsWith(prefix)) ?? [];
      if (handle) handle(req, res, body);
      else res.writeHead(204).end();
    });
  };
  let inside = 0;
  const insideServer = createTcpServer((socket) => {
    inside++;
    socket.on("error", () => undefined).destroy();
  });
  const [secure, plain] = [createServer({ key, cert }, take), createHttpServer(take)];
  const port = await listen(secure, OUTSIDE_ADDRESS);
  const plainPort = await listen(plain, OUTSIDE_ADDRESS);
  const insidePort = await listen(insideServer, INSIDE_ADDRESS);
  return {
    certificate,
    port,
    origin: `https://outside.test:${port}`,
    plainOrigin: `http://outside.test:${plainPort}`,
    insidePort,
    insideCount: () => inside,
    visits: (prefix) => seen.filter(({ path }) => path.startsWith(prefix)),
    handle: (prefix, handle) => void handlers.set(prefix, handle),
    async close() {
      for (const server of [secure, plain]) server.closeAllConnections();
      await Promise.all([secure, plain, insideServer].map((server) => new Promise((done) => server.close(done))));
    },
  };
}
