import type { Clock } from "../clock.ts";
import type { AssetRecords } from "./asset-records.ts";
import type { AssetShelf, ShelvedAsset } from "./asset-shelf.ts";
import type { BlobStore } from "./blob-store.ts";
import { type CompleteUpload, createCompleteUpload } from "./complete-upload.ts";
import { createFetchUpload, type FetchUpload } from "./fetch-upload.ts";
import type { LinkKeys } from "./link-keys.ts";
import type { LinkSigner } from "./link-signer.ts";
import type { OpenAsset } from "./open-asset.ts";
import { createOpenUploadVerbs, type OpenUploadVerbs } from "./open-upload.ts";
import { type AssetAddress, createOwnAssetVerbs, type OwnAssetVerbs } from "./own-assets.ts";
import { createPartLinks, type PartLinks } from "./part-links.ts";
import type { PresentAsset } from "./present-asset.ts";
import { createReceivePartVerbs, type ReceivePartVerbs } from "./receive-part.ts";
import type { RemoteFiles } from "./remote-file.ts";
import type { StoreFile } from "./store-file.ts";
import type { StripLocation } from "./strip-location.ts";
import type { UploadStore } from "./upload-store.ts";

/** What callers do with files on the platform surface. */
export interface FileVerbs extends OwnAssetVerbs, OpenUploadVerbs, ReceivePartVerbs {
  readonly completeUpload: CompleteUpload;
  readonly fetchUpload: FetchUpload;
  readonly presentAsset: PresentAsset;
  /** Undefined where `findOwnAsset` throws. */
  findAsset(address: AssetAddress): Promise<ShelvedAsset | undefined>;
  readonly signPart: PartLinks["sign"];
  readonly verifyPartLink: PartLinks["verify"];
}

export interface FileVerbsDeps {
  readonly clock: Clock;
  readonly uploads: UploadStore;
  readonly shelf: AssetShelf;
  readonly records: AssetRecords;
  readonly blobs: BlobStore;
  readonly storeFile: StoreFile;
  readonly stripLocation: StripLocation;
  readonly files: RemoteFiles;
  readonly openAsset: OpenAsset;
  readonly presentAsset: PresentAsset;
  readonly links: Pick<LinkSigner, "signFor">;
  readonly linkKeys: LinkKeys;
  readonly publicUrl: () => string;
  readonly uploadSizeBytesMax: number;
}

export function createFileVerbs(deps: FileVerbsDeps): FileVerbs {
  const { shelf, presentAsset, linkKeys: keys, publicUrl, clock } = deps;
  const partLinks = createPartLinks({ keys, publicUrl, clock });
  return {
    ...createOwnAssetVerbs(deps),
    ...createOpenUploadVerbs(deps),
    ...createReceivePartVerbs(deps),
    completeUpload: createCompleteUpload(deps),
    fetchUpload: createFetchUpload(deps),
    presentAsset,
    findAsset: ({ ownerId, id }) => shelf.find(ownerId, id),
    signPart: partLinks.sign,
    verifyPartLink: partLinks.verify,
  };
}
