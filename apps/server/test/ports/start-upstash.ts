import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { Redis } from "ioredis";

/** The REST interface of Upstash in front of a real Redis, as far as the service and its libraries use it. */
export interface UpstashDouble {
  readonly url: string;
  readonly token: string;
  /** Paths of the requests so far. */
  readonly requests: string[];
  /** `hang` answers nobody; a word of Upstash's errors refuses everybody with it. */
  setFault(fault: "hang" | `ERR ${string}` | undefined): void;
  /** Takes no connections any more, as when it is gone. */
  close(): Promise<void>;
  /** Is there again on the same port. */
  reopen(): Promise<void>;
  stop(): Promise<void>;
}

type Answer = { readonly result: unknown } | { readonly error: string };

const toSha1 = (source: string): string => createHash("sha1").update(source).digest("hex");

/** Plain Redis refuses the line that Upstash's scripts begin with, so scripts are kept here, without it, under the SHA-1 they had with it. */
function createScriptShelf() {
  const shelf = new Map<string, string>();
  const put = (source: string): string => {
    shelf.set(toSha1(source), source.replace(/^#!lua[^\n]*/, ""));
    return toSha1(source);
  };
  return {
    /** What Redis is to be asked instead; a text is the answer already. */
    rewrite(command: readonly unknown[]): readonly unknown[] | string {
      const [name, first, ...rest] = command;
      const word = String(name).toUpperCase();
      if (word === "SCRIPT" && String(first).toUpperCase() === "LOAD") return put(String(rest[0]));
      if (word === "EVAL") return ["EVAL", shelf.get(put(String(first))), ...rest];
      if (word !== "EVALSHA") return command;
      const source = shelf.get(String(first));
      if (source === undefined) throw new Error("NOSCRIPT No matching script. Please use EVAL.");
      return ["EVAL", source, ...rest];
    },
  };
}

/** Every text but "OK" is base64 when the client asks for it; numbers and null are not. */
function encode(result: unknown): unknown {
  if (Array.isArray(result)) return result.map(encode);
  return typeof result === "string" && result !== "OK" ? Buffer.from(result).toString("base64") : result;
}

export async function startUpstash(redisUrl: string): Promise<UpstashDouble> {
  const token = "AXtoken-of-the-double";
  const redis = new Redis(redisUrl, { maxRetriesPerRequest: 0 });
  redis.on("error", () => undefined);
  const shelf = createScriptShelf();
  const requests: string[] = [];
  let fault: Parameters<UpstashDouble["setFault"]>[0];

  async function run(command: readonly unknown[], isEncoded: boolean): Promise<Answer> {
    try {
      const asked = shelf.rewrite(command);
      if (typeof asked === "string") return { result: isEncoded ? encode(asked) : asked };
      const [name, ...args] = asked.map(String);
      const result = await redis.call(name ?? "", ...args);
      return { result: isEncoded ? encode(result) : result };
    } catch (error) {
      return { error: error instanceof Error ? error.message : String(error) };
    }
  }

  async function answer(req: IncomingMessage): Promise<[number, unknown] | undefined> {
    requests.push(req.url ?? "");
    const body = JSON.parse(await text(req)) as unknown[];
    if (req.headers.authorization !== `Bearer ${token}`)
      return [401, { error: "WRONGPASS invalid or missing auth token" }];
    if (fault === "hang") return undefined;
    if (fault !== undefined) return [400, { error: fault }];
    const isEncoded = req.headers["upstash-encoding"] === "base64";
    if (req.url === "/pipeline" || req.url === "/multi-exec")
      return [200, await Promise.all(body.map((command) => run(command as unknown[], isEncoded)))];
    const single = await run(body, isEncoded);
    return ["error" in single ? 400 : 200, single];
  }

  const create = () =>
    createServer(async (req, res) => {
      const [status, body] = (await answer(req)) ?? [];
      if (status !== undefined) res.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    });
  let server = await listen(create(), 0);
  const { port } = server.address() as AddressInfo;
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });

  return {
    url: `http://127.0.0.1:${port}`,
    token,
    requests,
    setFault(next) {
      fault = next;
    },
    close,
    async reopen() {
      server = await listen(create(), port);
    },
    async stop() {
      await close();
      redis.disconnect();
    },
  };
}

function listen(server: Server, port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => resolve(server));
  });
}
