import type { Asset } from "./asset.ts";
import type { AssetRecords } from "./asset-records.ts";
import { insertOnce } from "./insert-once.ts";
import { toStableId } from "./stable-id.ts";
import type { StoreFile } from "./store-file.ts";

/** Keeps a file that ships with a workflow as an asset of the owner: one asset per owner and content, however often it is used. */
export type PinBuiltin = (file: {
  readonly ownerId: string;
  readonly file: string;
  readonly signal: AbortSignal;
}) => Promise<Asset>;

export interface PinBuiltinDeps {
  readonly openBuiltin: (file: string) => AsyncIterable<Uint8Array>;
  readonly storeFile: StoreFile;
  readonly records: AssetRecords;
}

// What ships with the service is known; this only stops a wrong file from filling the disk.
const SIZE_BYTES_MAX = 50 * 1024 * 1024;

export function createPinBuiltin({ openBuiltin, storeFile, records }: PinBuiltinDeps): PinBuiltin {
  return async function pinBuiltin({ ownerId, file, signal }) {
    const body = openBuiltin(file);
    const stored = await storeFile({ name: file, body, source: "builtin", sizeBytesMax: SIZE_BYTES_MAX, signal });
    const id = toStableId("builtin", ownerId, file, stored.blob.sha256);
    return insertOnce(records, ownerId, { ...stored, id });
  };
}
