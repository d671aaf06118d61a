import type { Asset as AssetBody } from "@comfy/contracts";
import type { Asset } from "./asset.ts";
import type { LinkSigner } from "./link-signer.ts";

/** An asset as callers see it, with a link that was signed just now. */
export type PresentAsset = (asset: Asset) => Promise<AssetBody>;

/** The virtual path of an asset. It names no file of any disk; the id in it is looked up. */
export const toLocalPath = ({ id, name }: Pick<Asset, "id" | "name">): string => `/outputs/${id}/${name}`;

export function createPresentAsset({ links }: { links: Pick<LinkSigner, "sign"> }): PresentAsset {
  return async (asset) => ({
    id: asset.id,
    name: asset.name,
    type: asset.type,
    sizeBytes: asset.sizeBytes,
    url: await links.sign(asset),
    localPath: toLocalPath(asset),
  });
}
