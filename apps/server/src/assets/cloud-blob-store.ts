import { AppError } from "../errors.ts";
import type { Log } from "../log.ts";
import type { BlobLedger } from "./blob-ledger.ts";
import type { BlobStore } from "./blob-store.ts";
import type { ObjectStore } from "./object-store.ts";
import type { Spool } from "./spool.ts";
import { withPatience } from "./with-patience.ts";

export interface CloudBlobStoreDeps {
  readonly objects: ObjectStore;
  readonly spool: Spool;
  readonly ledger: BlobLedger;
  /** Stands in front of every key: two deployments may share a bucket, and neither may remove what the other has stored. */
  readonly deploymentId: string;
  readonly log: Log;
  /** The wait before a second try, in milliseconds. */
  readonly firstDelayMs?: number;
}

/** A delete that the store does not answer is tried again by the next sweep. */
const DELETE_MS = 15_000;
/** Without a deployment in front: kept before keys had one. */
const KEY = /^(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\/)?[0-9a-f]{2}\/[0-9a-f]{64}$/;

/** The key of a location of this store; locations come from our own tables, yet nothing else may ever name an object. */
export function toKey({ name }: Pick<ObjectStore, "name">, location: string): string {
  const key = location.startsWith(`${name}:`) ? location.slice(name.length + 1) : "";
  if (!KEY.test(key)) throw new AppError("output_unavailable", "The file is gone.", { cause: location });
  return key;
}

/**
 * Keeps bytes in a bucket, each blob under its hash. They pass through a file of this machine, so that memory stays constant and only the
 * upload is repeated when the store fails.
 */
export function createCloudBlobStore(deps: CloudBlobStoreDeps): BlobStore {
  const { objects, spool, ledger, deploymentId, log, firstDelayMs } = deps;
  let prepared: Promise<void> | undefined;

  /** Once, and before anything is stored: a bucket that everybody reads must not get a byte. */
  function prepare(signal: AbortSignal): Promise<void> {
    prepared ??= objects.prepare(signal).catch((error: unknown) => {
      prepared = undefined;
      throw error instanceof AppError
        ? error
        : new AppError("unavailable", "The file could not be stored; try again later.", { cause: error });
    });
    return prepared;
  }

  return {
    async put(body, { sizeBytesMax, signal, type, patience }) {
      await using file = await spool.write(body, { sizeBytesMax, signal });
      const { sha256, sizeBytes } = file;
      const key = `${deploymentId}/${sha256.slice(0, 2)}/${sha256}`;
      const blob = { sha256, sizeBytes, location: `${objects.name}:${key}` };
      const upload = async () => {
        await prepare(signal);
        await ledger.announce(blob);
        await objects.upload(key, file, { signal, ...(type !== undefined && { type }) });
      };
      await withPatience(upload, {
        ...{ signal, patience },
        ...(firstDelayMs !== undefined && { firstDelayMs }),
        onFailure: (error, delayMs) =>
          log.warn({ error, sha256, delayMs }, "The store did not take a file; it is asked again."),
      });
      return blob;
    },
    open: async (location, options) => objects.open(toKey(objects, location), options),
    delete: async (location) => objects.delete(toKey(objects, location), AbortSignal.timeout(DELETE_MS)),
  };
}
