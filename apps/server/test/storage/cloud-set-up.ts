import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createDiskSpool } from "../../src/adapters/disk/spool.ts";
import type { StoredBlob } from "../../src/assets/asset.ts";
import type { BlobLedger } from "../../src/assets/blob-ledger.ts";
import { createCloudBlobStore } from "../../src/assets/cloud-blob-store.ts";
import type { ObjectStore } from "../../src/assets/object-store.ts";
import { createId } from "../../src/ids.ts";
import { silentLog } from "../../src/log.ts";

/** A ledger that remembers what it was told. */
export function createMemoryLedger(): BlobLedger & { readonly announced: StoredBlob[] } {
  const announced: StoredBlob[] = [];
  return { announced, announce: async (blob) => void announced.push(blob), findKept: async () => undefined };
}

/** Blobs over an object store, with a spool of their own. */
export async function setUpCloud(objects: ObjectStore, deploymentId = createId()) {
  const directory = await mkdtemp(join(tmpdir(), "cloud-"));
  const spool = await createDiskSpool({ directory: join(directory, "spool") });
  const ledger = createMemoryLedger();
  const blobs = createCloudBlobStore({ objects, spool, ledger, deploymentId, log: silentLog, firstDelayMs: 5 });
  return {
    blobs,
    ledger,
    spool,
    deploymentId,
    directory,
    countSpooled: async () => (await readdir(join(directory, "spool"))).length,
    async [Symbol.asyncDispose]() {
      objects.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
