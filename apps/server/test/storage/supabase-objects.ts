import { createHash, randomUUID } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdtemp, rename, rm, stat } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";

/** What the store refuses, as it says it: almost always with HTTP 400, and with the true status in the body. */
export class Refusal extends Error {
  readonly statusCode: number;
  readonly code: string;
  constructor(statusCode: number, code: string, message: string) {
    super(message);
    this.statusCode = statusCode;
    this.code = code;
  }
}

export interface StoredObject {
  readonly id: string;
  readonly path: string;
  readonly size: number;
  readonly type: string;
  readonly cacheControl: string;
  readonly etag: string;
  readonly at: Date;
}

export interface Bucket {
  public: boolean;
  fileSizeLimit: number | null;
  readonly objects: Map<string, StoredObject>;
}

const KEY = /^(\w|\/|!|-|\.|\*|'|\(|\)| |&|\$|@|=|;|:|\+|,|\?)*$/;

/** Buckets whose bytes are in files, so that a test of the memory of others can use them. */
export async function createObjects() {
  const directory = await mkdtemp(join(tmpdir(), "supabase-double-"));
  const buckets = new Map<string, Bucket>();

  function bucketOf(id: string): Bucket {
    const bucket = buckets.get(id);
    if (!bucket) throw new Refusal(404, "NoSuchBucket", "Bucket not found");
    return bucket;
  }

  function assertMayPut(bucketId: string, key: string, isUpsert: boolean): Bucket {
    const bucket = bucketOf(bucketId);
    if (!KEY.test(key) || key === "") throw new Refusal(400, "InvalidKey", `Invalid key: ${key}`);
    if (!isUpsert && bucket.objects.has(key)) throw new Refusal(409, "KeyAlreadyExists", "The resource already exists");
    return bucket;
  }

  async function adopt(bucketId: string, key: string, file: string, head: { type: string; cacheControl: string }) {
    const bucket = bucketOf(bucketId);
    const { size } = await stat(file);
    if (bucket.fileSizeLimit !== null && size > bucket.fileSizeLimit) {
      await rm(file, { force: true });
      throw new Refusal(413, "EntityTooLarge", "The object exceeded the maximum allowed size");
    }
    const path = join(directory, randomUUID());
    await rename(file, path);
    const old = bucket.objects.get(key);
    const etag = `"${createHash("md5").update(path).digest("hex")}"`;
    const object = { id: randomUUID(), path, size, etag, at: new Date(), ...head };
    bucket.objects.set(key, object);
    if (old) await rm(old.path, { force: true });
    return object;
  }

  return {
    directory,
    buckets,
    bucketOf,
    assertMayPut,
    adopt,
    find(bucketId: string, key: string): StoredObject {
      const object = bucketOf(bucketId).objects.get(key);
      if (!object) throw new Refusal(404, "NoSuchKey", "Object not found");
      return object;
    },
    async receive(req: IncomingMessage, bucketId: string, key: string, isUpsert: boolean): Promise<StoredObject> {
      assertMayPut(bucketId, key, isUpsert);
      const file = join(directory, `incoming-${randomUUID()}`);
      try {
        await pipeline(req, createWriteStream(file));
      } catch (error) {
        await rm(file, { force: true });
        throw error;
      }
      const type = req.headers["content-type"] ?? "application/octet-stream";
      return adopt(bucketId, key, file, { type, cacheControl: String(req.headers["cache-control"] ?? "no-cache") });
    },
    async remove(bucketId: string, keys: readonly string[]) {
      const { objects } = bucketOf(bucketId);
      const removed = keys.filter((key) => objects.has(key));
      for (const key of removed) {
        await rm(objects.get(key)?.path ?? "", { force: true });
        objects.delete(key);
      }
      return removed.map((name) => ({ name, bucket_id: bucketId }));
    },
    close: () => rm(directory, { recursive: true, force: true }),
  };
}

export type Objects = Awaited<ReturnType<typeof createObjects>>;
