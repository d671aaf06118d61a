import { AppError } from "../errors.ts";
import type { Asset } from "./asset.ts";
import type { AssetRecords } from "./asset-records.ts";
import type { AssetShelf, ShelvedAsset } from "./asset-shelf.ts";
import type { BlobStore } from "./blob-store.ts";
import { insertOnce } from "./insert-once.ts";
import { findOwnUpload, type UploadAddress } from "./open-upload.ts";
import { checkBytes } from "./receive-part.ts";
import { toStableId } from "./stable-id.ts";
import type { StoreFile } from "./store-file.ts";
import type { StripLocation } from "./strip-location.ts";
import { assertUploadable } from "./upload-asset.ts";
import { listParts } from "./upload-parts.ts";
import type { Upload, UploadStore } from "./upload-store.ts";

export interface CompleteUploadDeps {
  readonly uploads: UploadStore;
  readonly blobs: Pick<BlobStore, "open">;
  readonly storeFile: StoreFile;
  readonly stripLocation: StripLocation;
  readonly records: AssetRecords;
  readonly shelf: Pick<AssetShelf, "find">;
  readonly uploadSizeBytesMax: number;
}

/**
 * Makes one file of the parts; asked again, gives the same one. What it refuses may be sent again, part by part.
 * @throws AppError `upload_not_found`, `upload_incomplete`, `unsupported_media_type`, `digest_mismatch`, `media_unusable`,
 *   `image_too_large`, `asset_not_found` when the file was deleted since
 */
export type CompleteUpload = (
  address: UploadAddress & { readonly signal: AbortSignal },
) => Promise<{ readonly asset: ShelvedAsset; readonly isReplay: boolean }>;

/** Parts that a refusal names; the first ones suffice to go on. */
const MISSING_SHOWN = 100;

function assertComplete(upload: Upload): void {
  const missing = listParts(upload).flatMap(({ n, received }) => (received ? [] : [n]));
  if (missing.length === 0) return;
  throw new AppError("upload_incomplete", `${missing.length} parts have not arrived, the first is ${missing[0]}.`, {
    details: { missing: missing.slice(0, MISSING_SHOWN) },
  });
}

export function createCompleteUpload(deps: CompleteUploadDeps): CompleteUpload {
  const { uploads, blobs, storeFile, stripLocation, records, shelf, uploadSizeBytesMax: sizeBytesMax } = deps;

  async function* joinParts({ parts }: Upload, signal: AbortSignal): AsyncGenerator<Uint8Array, void, void> {
    for (const { location } of parts) yield* await blobs.open(location, { signal });
  }

  async function store(upload: Upload, signal: AbortSignal): Promise<Asset> {
    const whole = checkBytes(joinParts(upload, signal), upload);
    const body = upload.isLocationStripped ? stripLocation(whole, { sizeBytesMax, signal }) : whole;
    const assertType = (type: string) => {
      assertUploadable(type);
      if (upload.type === undefined || upload.type === type) return;
      throw new AppError("media_unusable", `The file was announced as ${upload.type}, but its content is ${type}.`);
    };
    const { name } = upload;
    const stored = await storeFile({ name, body, source: "upload", sizeBytesMax, assertType, signal });
    // Two that complete it at once store the same bytes, and make one asset of them.
    return insertOnce(records, upload.ownerId, { ...stored, id: toStableId("completed upload", upload.id) });
  }

  return async function completeUpload({ signal, ...address }) {
    const upload = await findOwnUpload(uploads, address);
    if (upload.isCompleted) {
      const asset = upload.assetId === undefined ? undefined : await shelf.find(upload.ownerId, upload.assetId);
      if (!asset) throw new AppError("asset_not_found", "The file that this upload became was deleted.");
      return { asset, isReplay: true };
    }
    assertComplete(upload);
    const asset = await store(upload, signal);
    await uploads.complete(upload.id, asset.id);
    return { asset: { ...asset, source: "upload" }, isReplay: false };
  };
}
