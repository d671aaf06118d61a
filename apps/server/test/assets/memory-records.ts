import type { Asset, NewAsset } from "../../src/assets/asset.ts";
import type { AssetRecords } from "../../src/assets/asset-records.ts";
import type { LinkKey, LinkKeys } from "../../src/assets/link-keys.ts";

/** Records in a map, as strict about ids as the database. */
export function createMemoryRecords(): AssetRecords & { readonly size: () => number } {
  const rows = new Map<string, Asset & { readonly location: string }>();
  return {
    size: () => rows.size,
    async insert(ownerId, { id, name, type, blob }: NewAsset) {
      if (rows.has(id)) throw new Error("duplicate key value violates unique constraint");
      const asset: Asset = { id, ownerId, name, type, sizeBytes: blob.sizeBytes, sha256: blob.sha256, createdAtMs: 0 };
      rows.set(id, { ...asset, location: blob.location });
      return asset;
    },
    find: async (id) => rows.get(id),
  };
}

/** Keys of which the last one signs. */
export function createMemoryLinkKeys(...keys: readonly [LinkKey, ...LinkKey[]]): LinkKeys {
  return {
    current: async () => keys.at(-1) ?? keys[0],
    find: async (id) => keys.find((key) => key.id === id),
  };
}
