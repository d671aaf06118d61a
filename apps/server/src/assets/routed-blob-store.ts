import { AppError } from "../errors.ts";
import type { BlobLedger } from "./blob-ledger.ts";
import type { BlobStore } from "./blob-store.ts";

export interface RoutedBlobStoreDeps {
  /** On this machine: its locations have no name in front. */
  readonly local: BlobStore;
  readonly cloud: { readonly name: string; readonly blobs: BlobStore };
  readonly ledger: Pick<BlobLedger, "findKept">;
}

const STORE = /^([a-z][a-z0-9]*):/;

/** Two stores behind one door: new bytes go outside unless they may not, and every location is read where it is. */
export function createRoutedBlobStore({ local, cloud, ledger }: RoutedBlobStoreDeps): BlobStore {
  function storeOf(location: string): BlobStore {
    const name = STORE.exec(location)?.[1];
    if (name === undefined) return local;
    if (name === cloud.name) return cloud.blobs;
    const cause = new Error(`${location} is in a store that is not configured.`);
    throw new AppError("output_unavailable", "The file is kept in a store that is not connected.", { cause });
  }

  return {
    async put(body, options) {
      if (!options.isLocal) return cloud.blobs.put(body, options);
      const stored = await local.put(body, options);
      // Equal bytes that somebody else stored outside stay there: the table knows one place for each.
      const kept = await ledger.findKept(stored);
      // They may arrive there between this question and the row that names these.
      return kept === undefined ? { ...stored, yieldsTo: cloud.name } : { ...stored, location: kept };
    },
    open: async (location, options) => storeOf(location).open(location, options),
    borrow: (location) => (STORE.test(location) ? undefined : local.borrow?.(location)),
    delete: async (location) => storeOf(location).delete(location),
  };
}
