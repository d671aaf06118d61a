import type { NewAsset } from "../../src/assets/asset.ts";
import type { AssetRecords } from "../../src/assets/asset-records.ts";
import type { AssetShelf, ShelvedAsset } from "../../src/assets/asset-shelf.ts";
import type { LinkKey, LinkKeys } from "../../src/assets/link-keys.ts";

/** Records in a map, as strict about ids as the database. */
export interface MemoryRecords extends AssetRecords {
  readonly size: () => number;
  readonly shelf: AssetShelf;
  /** Says which job made an asset. */
  readonly setJob: (id: string, jobId: string) => void;
  /** Says that a job that has not ended needs an asset. */
  readonly hold: (id: string) => void;
}

export function createMemoryRecords(): MemoryRecords {
  const rows = new Map<string, ShelvedAsset & { readonly location: string }>();
  const held = new Set<string>();
  const ofOwner = (ownerId: string) => [...rows.values()].filter((row) => row.ownerId === ownerId).toReversed();
  return {
    size: () => rows.size,
    async insert(ownerId, { id, name, type, blob, source }: NewAsset) {
      if (rows.has(id)) throw new Error("duplicate key value violates unique constraint");
      const { sizeBytes, sha256, location } = blob;
      const asset = { id, ownerId, name, type, sizeBytes, sha256, createdAtMs: 0 };
      rows.set(id, { ...asset, source, location });
      return asset;
    },
    async find(id) {
      const row = rows.get(id);
      if (!row) return undefined;
      const { source: _, ...asset } = row;
      return asset;
    },
    setJob: (id, jobId) => {
      const row = rows.get(id);
      if (row) rows.set(id, { ...row, jobId });
    },
    hold: (id) => void held.add(id),
    shelf: {
      async list({ ownerId, source, type, jobId, limit }) {
        const assets = ofOwner(ownerId)
          .filter((row) => source === undefined || row.source === source)
          .filter((row) => type === undefined || row.type === type || row.type.startsWith(`${type}/`))
          .filter((row) => jobId === undefined || row.jobId === jobId);
        return { assets: assets.slice(0, limit) };
      },
      find: async (ownerId, id) => ofOwner(ownerId).find((row) => row.id === id),
      async remove(ownerId, id) {
        if (rows.get(id)?.ownerId !== ownerId) return "unknown";
        if (held.has(id)) return "in_use";
        rows.delete(id);
        return "removed";
      },
    },
  };
}

/** Keys of which the last one signs. */
export function createMemoryLinkKeys(...keys: readonly [LinkKey, ...LinkKey[]]): LinkKeys {
  return {
    current: async () => keys.at(-1) ?? keys[0],
    find: async (id) => keys.find((key) => key.id === id),
  };
}
