import { AppError } from "../errors.ts";
import type { LinkRequest, LinkSigner } from "./link-signer.ts";
import type { OpenAsset, OpenedAsset } from "./open-asset.ts";

/** Opens the asset behind a proven link. @throws AppError `link_invalid`, `link_expired`, `asset_not_found` */
export type OpenLink = (link: LinkRequest) => Promise<OpenedAsset>;

export interface OpenLinkDeps {
  readonly links: Pick<LinkSigner, "verify">;
  readonly openAsset: OpenAsset;
}

export function createOpenLink({ links, openAsset }: OpenLinkDeps): OpenLink {
  return async function openLink(link) {
    const { assetId, disposition } = await links.verify(link);
    const opened = await openAsset(assetId, disposition);
    if (!opened) throw new AppError("asset_not_found", "The file behind this link is gone.");
    // The name is not signed; a made-up one would let a link promise what it does not hold.
    if (link.name !== opened.asset.name)
      throw new AppError("link_invalid", "This link is not valid: its file name was changed.");
    return opened;
  };
}
