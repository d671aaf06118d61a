import type { Asset, NewAsset } from "./asset.ts";
import type { AssetRecords } from "./asset-records.ts";

/** An asset without the place of its bytes, which is nobody's business outside of the store. */
export async function findAsset(records: AssetRecords, id: string): Promise<Asset | undefined> {
  const found = await records.find(id);
  if (!found) return undefined;
  const { location: _, ...asset } = found;
  return asset;
}

/** Inserts an asset under an id that may be taken by an earlier try of the same; gives the one that stands then. */
export async function insertOnce(records: AssetRecords, ownerId: string, asset: NewAsset): Promise<Asset> {
  const known = await findAsset(records, asset.id);
  if (known) return known;
  try {
    return await records.insert(ownerId, asset);
  } catch (error) {
    // Two tries at once: the other one was faster.
    const other = await findAsset(records, asset.id);
    if (other) return other;
    throw error;
  }
}
