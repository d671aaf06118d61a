// Started by memory.test.ts: stores a large file and reads it back, and prints by how much memory grew meanwhile.
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createDiskBlobStore } from "../../src/adapters/disk/blob-store.ts";
import { createS3Store } from "../../src/adapters/s3/create-s3-store.ts";
import type { S3Options } from "../../src/adapters/s3/s3-options.ts";
import { createSupabaseStore } from "../../src/adapters/supabase/create-supabase-store.ts";
import type { SupabaseOptions } from "../../src/adapters/supabase/supabase-options.ts";
import type { BlobStore } from "../../src/assets/blob-store.ts";
import { setUpCloud } from "./cloud-set-up.ts";

export type LargeFileStore =
  | { readonly type: "disk" }
  | ({ readonly type: "s3" } & S3Options)
  | ({ readonly type: "supabase" } & SupabaseOptions);

const CHUNK_SIZE_BYTES = 64 * 1024;
const SIZE_BYTES_MAX = 2 ** 31;
const signal = AbortSignal.timeout(300_000);

async function openStore(store: LargeFileStore): Promise<{ blobs: BlobStore; close(): Promise<void> }> {
  if (store.type === "disk") {
    const directory = await mkdtemp(join(tmpdir(), "large-"));
    const blobs = await createDiskBlobStore({ directory });
    return { blobs, close: () => rm(directory, { recursive: true, force: true }) };
  }
  const cloud = await setUpCloud(store.type === "s3" ? createS3Store(store) : createSupabaseStore(store));
  return { blobs: cloud.blobs, close: () => cloud[Symbol.asyncDispose]() };
}

async function* createFile(sizeBytes: number): AsyncGenerator<Uint8Array> {
  const noise = randomBytes(CHUNK_SIZE_BYTES);
  for (let sent = 0; sent < sizeBytes; sent += CHUNK_SIZE_BYTES) {
    const chunk = Buffer.from(noise);
    chunk.writeDoubleBE(sent);
    yield chunk;
  }
}

/** Stores it, reads it back, and gives the size of what came. */
async function passThrough(blobs: BlobStore, sizeBytes: number): Promise<number> {
  const { location } = await blobs.put(createFile(sizeBytes), { sizeBytesMax: SIZE_BYTES_MAX, signal });
  let readBytes = 0;
  for await (const chunk of await blobs.open(location, { signal })) readBytes += chunk.length;
  return readBytes;
}

const [given = "", size = ""] = process.argv.slice(2);
const { blobs, close } = await openStore(JSON.parse(given) as LargeFileStore); // from our own test
// What is loaded and compiled at the first use is no growth.
await passThrough(blobs, 20 * 1024 * 1024);
const startBytes = process.memoryUsage.rss();
let peakBytes = startBytes;
const watch = setInterval(() => {
  peakBytes = Math.max(peakBytes, process.memoryUsage.rss());
}, 20);
const readBytes = await passThrough(blobs, Number(size));
clearInterval(watch);
await close();
process.stdout.write(JSON.stringify({ readBytes, growthBytes: peakBytes - startBytes }));
