import { AppError } from "../errors.ts";
import type { AssetFilter, AssetPage, AssetShelf, ShelvedAsset } from "./asset-shelf.ts";
import type { Disposition, LinkSigner } from "./link-signer.ts";
import type { OpenAsset, OpenedAsset } from "./open-asset.ts";

export interface AssetAddress {
  readonly ownerId: string;
  readonly id: string;
}

/** What an owner does with its files. */
export interface OwnAssetVerbs {
  listAssets(filter: AssetFilter): Promise<AssetPage>;
  /** This and what follows: @throws AppError `asset_not_found`, also for somebody else's */
  findOwnAsset(address: AssetAddress): Promise<ShelvedAsset>;
  openOwnAsset(address: AssetAddress): Promise<OpenedAsset>;
  signOwnAsset(
    address: AssetAddress,
    link: { readonly seconds: number; readonly disposition: Disposition },
  ): Promise<{ readonly url: string; readonly expiresAtMs: number }>;
  /** @throws AppError `asset_in_use` while a job that has not ended needs it */
  deleteAsset(address: AssetAddress): Promise<void>;
}

export interface OwnAssetDeps {
  readonly shelf: AssetShelf;
  readonly openAsset: OpenAsset;
  readonly links: Pick<LinkSigner, "signFor">;
}

const notFound = (id: string) => new AppError("asset_not_found", `No file with the id ${id} belongs to this key.`);

export function createOwnAssetVerbs({ shelf, openAsset, links }: OwnAssetDeps): OwnAssetVerbs {
  async function findOwnAsset({ ownerId, id }: AssetAddress): Promise<ShelvedAsset> {
    const asset = await shelf.find(ownerId, id);
    if (!asset) throw notFound(id);
    return asset;
  }

  return {
    listAssets: (filter) => shelf.list(filter),
    findOwnAsset,

    async openOwnAsset(address) {
      const { id } = await findOwnAsset(address);
      const opened = await openAsset(id);
      if (!opened) throw notFound(id);
      return opened;
    },

    async signOwnAsset(address, { seconds, disposition }) {
      return links.signFor(await findOwnAsset(address), seconds, disposition);
    },

    async deleteAsset({ ownerId, id }) {
      const outcome = await shelf.remove(ownerId, id);
      if (outcome === "unknown") throw notFound(id);
      if (outcome === "in_use")
        throw new AppError("asset_in_use", "A job that has not ended needs this file: wait for it, or cancel it.");
    },
  };
}
