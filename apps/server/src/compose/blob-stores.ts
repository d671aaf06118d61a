import { join } from "node:path";
import type { Settings } from "../adapters/database/settings.ts";
import { createDiskBlobStore } from "../adapters/disk/blob-store.ts";
import { createDiskSpool } from "../adapters/disk/spool.ts";
import type { BlobLedger } from "../assets/blob-ledger.ts";
import type { BlobStore } from "../assets/blob-store.ts";
import { createCloudBlobStore } from "../assets/cloud-blob-store.ts";
import { toLooseAgeMs } from "../assets/loose-age.ts";
import { type ObjectStore, StoreRefusal } from "../assets/object-store.ts";
import { createRoutedBlobStore } from "../assets/routed-blob-store.ts";
import type { Spool } from "../assets/spool.ts";
import type { StorageConfig } from "../config/storage.ts";
import type { Ground } from "./ground.ts";

/** Where the bytes of this deployment are. */
export interface BlobStores {
  readonly blobs: BlobStore;
  /** The folder of this machine. */
  readonly directory: string;
  /** Absent: everything is on disk. */
  readonly cloud?: { readonly objects: ObjectStore; readonly spool: Spool; readonly deploymentId: string };
}

const PREPARE_MS = 20_000;

export async function composeBlobStores(
  { config, lifecycle, log }: Ground,
  { isSynced, ledger, settings }: { isSynced: boolean; ledger: BlobLedger; settings: Settings },
): Promise<BlobStores> {
  const directory = join(config.dataDirectory, "assets");
  const local = await createDiskBlobStore({ directory, isSynced });
  const objects = await openObjects(config.storage);
  if (!objects) return { blobs: local, directory };
  const spool = await createDiskSpool({ directory: join(config.dataDirectory, "spool") });
  // A process that only takes requests sweeps nothing later on.
  await spool.dropHalves(toLooseAgeMs(config.jobDeadlineMs));
  const deploymentId = await settings.readDeploymentId();
  const cloud = { name: objects.name, blobs: createCloudBlobStore({ objects, spool, ledger, deploymentId, log }) };
  lifecycle.add({
    name: "storage",
    async start(signal) {
      try {
        await objects.prepare(AbortSignal.any([signal, AbortSignal.timeout(PREPARE_MS)]));
      } catch (error) {
        if (error instanceof StoreRefusal) throw error;
        // A restart during its outage must not take the rest down too.
        log.warn({ error }, "The file store does not answer; its bucket is looked at before the first file is stored.");
      }
    },
    stop: async () => objects.close(),
  });
  return { blobs: createRoutedBlobStore({ local, cloud, ledger }), directory, cloud: { objects, spool, deploymentId } };
}

/** Loaded when they are used: the client of S3 alone is as large as the rest of the service. */
async function openObjects(storage: StorageConfig): Promise<ObjectStore | undefined> {
  if (storage.type === "s3") {
    const { createS3Store } = await import("../adapters/s3/create-s3-store.ts");
    return createS3Store(storage);
  }
  if (storage.type === "supabase") {
    const { createSupabaseStore } = await import("../adapters/supabase/create-supabase-store.ts");
    return createSupabaseStore(storage);
  }
  return undefined;
}
