import type { Asset, NewAsset } from "./asset.ts";

/** The assets as the database knows them. */
export interface AssetRecords {
  insert(ownerId: string, asset: NewAsset): Promise<Asset>;
  find(id: string): Promise<(Asset & { readonly location: string }) | undefined>;
}
