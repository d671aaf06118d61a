import { createHmac, randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { createObjects, type Objects, Refusal, type StoredObject } from "./supabase-objects.ts";
import { createResumable } from "./supabase-resumable.ts";

export interface SupabaseDouble {
  readonly url: string;
  readonly secretKey: string;
  readonly objects: Objects;
  /** Requests as `METHOD /path`, without the prefix of the product. */
  readonly requests: string[];
  /** Answers this many requests whose line matches with an error before they are looked at. */
  fail(fault: {
    readonly match: RegExp;
    readonly times: number;
    readonly statusCode: number;
    readonly code: string;
  }): void;
  /** Forgets the faults that are left. */
  heal(): void;
  /** While down, connections are cut. */
  setDown(isDown: boolean): void;
  close(): Promise<void>;
}

const PREFIX = "/storage/v1";

interface Call {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly url: URL;
  readonly objects: Objects;
  readonly sign: (text: string) => string;
}

/** Speaks as Supabase Storage does: what is written down of the real one, nothing that only our client would need. */
export async function startSupabase({ port = 0 }: { port?: number } = {}): Promise<SupabaseDouble> {
  const objects = await createObjects();
  const secretKey = `sb_secret_${randomBytes(12).toString("hex")}`;
  const tokenKey = randomBytes(32);
  const sign = (text: string) => createHmac("sha256", tokenKey).update(text).digest("base64url");
  const requests: string[] = [];
  const faults: { match: RegExp; times: number; statusCode: number; code: string }[] = [];
  let isDown = false;

  function assertMay(req: IncomingMessage, path: string): void {
    // Links carry their own proof, and an upload in chunks is known by its address.
    if (/^\/object\/(sign|public)\//.test(path) && req.method === "GET") return;
    if (path.startsWith("/upload/resumable/")) return;
    if (req.headers.authorization === undefined)
      throw new Refusal(400, "InvalidRequest", "headers must have required property 'authorization'");
    if (req.headers.authorization !== `Bearer ${secretKey}`)
      throw new Refusal(403, "AccessDenied", "Invalid Compact JWS");
  }

  async function answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const url = new URL(req.url ?? "", `http://${req.headers.host}`);
    const path = url.pathname.slice(PREFIX.length);
    const line = `${req.method} ${path}`;
    requests.push(line);
    const fault = faults.find(({ match, times }) => times > 0 && match.test(line));
    if (fault) {
      fault.times -= 1;
      throw new Refusal(fault.statusCode, fault.code, "A fault that a test asked for");
    }
    assertMay(req, path);
    if (path.startsWith("/upload/resumable")) return void (await resumable(req, res));
    await route({ req, res, url, objects, sign }, path);
  }

  const server = createServer((req, res) => {
    if (isDown) return void req.socket.destroy();
    answer(req, res).catch((error: unknown) => refuse(req, res, error));
  });
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  const { port: bound } = server.address() as AddressInfo; // a TCP server's address is never text
  const folder = join(objects.directory, "tus");
  await mkdir(folder);
  const resumable = createResumable({ objects, folder, path: `${PREFIX}/upload/resumable` });
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };

  return {
    url: `http://127.0.0.1:${bound}`,
    secretKey,
    objects,
    requests,
    fail: (fault) => void faults.push({ ...fault }),
    heal: () => void faults.splice(0),
    setDown(value) {
      isDown = value;
      if (value) cut();
    },
    async close() {
      cut();
      await new Promise((resolve) => server.close(resolve));
      await objects.close();
    },
  };
}

function send(res: ServerResponse, status: number, body: unknown): void {
  res.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

function refuse(req: IncomingMessage, res: ServerResponse, error: unknown): void {
  req.resume();
  if (res.headersSent) return void res.destroy();
  if (!(error instanceof Refusal)) return void res.destroy();
  const { statusCode, code, message } = error;
  // Only these keep their own status on the line.
  const status = [429, 500].includes(statusCode) ? statusCode : 400;
  send(res, status, { statusCode: String(statusCode), error: code, message, code });
}

async function route(call: Call, path: string): Promise<void> {
  const { req, res } = call;
  const [, kind, ...rest] = path.split("/").map(decodeURIComponent);
  if (kind === "bucket") return routeBucket(call, rest[0]);
  if (kind !== "object") return send(res, 404, { message: `Route ${req.method}:${path} not found`, statusCode: 404 });
  const [verb = "", bucket = "", ...keyParts] = rest;
  const key = keyParts.join("/");
  if (verb === "authenticated") return sendObject(call, call.objects.find(bucket, key));
  if (verb === "info") {
    const { id, size, type, etag } = call.objects.find(bucket, key);
    return send(res, 200, { id, name: key, bucket_id: bucket, size, content_type: type, etag });
  }
  if (verb === "sign") return routeSign(call, bucket, key);
  if (verb === "public") throw new Refusal(404, "NoSuchBucket", "Bucket not found");
  if (req.method === "DELETE") {
    const { prefixes } = (await json(req)) as { prefixes: string[] };
    return send(res, 200, await call.objects.remove(verb, prefixes));
  }
  const target = rest.slice(1).join("/");
  const isUpsert = req.method === "PUT" || req.headers["x-upsert"] === "true";
  const { id } = await call.objects.receive(req, verb, target, isUpsert);
  send(res, 200, { Key: `${verb}/${target}`, Id: id });
}

async function routeBucket({ req, res, objects }: Call, id: string | undefined): Promise<void> {
  const { buckets } = objects;
  if (req.method === "GET") {
    const { public: isPublic, fileSizeLimit } = objects.bucketOf(id ?? "");
    return send(res, 200, { id, name: id, owner: "", public: isPublic, file_size_limit: fileSizeLimit });
  }
  const body = (await json(req)) as { id?: string; name?: string; public?: boolean };
  if (req.method === "POST") {
    const name = body.id ?? body.name ?? "";
    if (buckets.has(name)) throw new Refusal(409, "BucketAlreadyExists", "The resource already exists");
    buckets.set(name, { public: body.public ?? false, fileSizeLimit: null, objects: new Map() });
    return send(res, 200, { name });
  }
  objects.bucketOf(id ?? "").public = body.public ?? false;
  send(res, 200, { message: "Successfully updated" });
}

/** The link is relative: its base is the client's business. */
async function routeSign(call: Call, bucket: string, key: string): Promise<void> {
  const { req, res, url, objects, sign } = call;
  const subject = `${bucket}/${key}`;
  if (req.method === "POST") {
    objects.find(bucket, key);
    const { expiresIn } = (await json(req)) as { expiresIn: number };
    const claims = Buffer.from(
      JSON.stringify({ url: subject, scope: "download", exp: Math.floor(Date.now() / 1000) + expiresIn }),
    ).toString("base64url");
    const head = Buffer.from('{"alg":"HS256"}').toString("base64url");
    const token = `${head}.${claims}.${sign(`${head}.${claims}`)}`;
    return send(res, 200, { signedURL: `/object/sign/${subject}?token=${token}` });
  }
  const [head = "", claims = "", signature = ""] = (url.searchParams.get("token") ?? "").split(".");
  if (signature !== sign(`${head}.${claims}`)) throw new Refusal(400, "InvalidJWT", "signature verification failed");
  const { exp, url: named } = JSON.parse(Buffer.from(claims, "base64url").toString()) as { exp: number; url: string };
  if (exp * 1000 < Date.now() || named !== subject)
    throw new Refusal(400, "InvalidJWT", '"exp" claim timestamp check failed');
  const download = url.searchParams.get("download");
  if (download !== null) res.setHeader("content-disposition", `attachment; filename=${download}`);
  await sendObject(call, objects.find(bucket, key));
}

async function sendObject({ req, res }: Call, object: StoredObject): Promise<void> {
  const { path, size, type, etag, cacheControl, at } = object;
  res.setHeader("content-type", type);
  res.setHeader("cache-control", cacheControl);
  res.setHeader("etag", etag);
  res.setHeader("last-modified", at.toUTCString());
  res.setHeader("accept-ranges", "bytes");
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(req.headers.range ?? "") ?? [];
  const start = Number(first ?? 0);
  const end = Math.min(Number(last ?? size - 1), size - 1);
  if (first !== undefined) res.setHeader("content-range", `bytes ${start}-${end}/${size}`);
  res.writeHead(first === undefined ? 200 : 206, { "content-length": String(Math.max(0, end - start + 1)) });
  if (size === 0) return void res.end();
  await pipeline(createReadStream(path, { start, end }), res).catch(() => undefined);
}
