import { AppError } from "../errors.ts";
import type { AssetRecords } from "./asset-records.ts";
import type { ShelvedAsset } from "./asset-shelf.ts";
import { findAsset, insertOnce } from "./insert-once.ts";
import { isMediaType } from "./media-type.ts";
import { claimKey, type UploadWish } from "./open-upload.ts";
import { inField, nameOf } from "./pin-url.ts";
import type { RemoteFiles } from "./remote-file.ts";
import type { StoreFile } from "./store-file.ts";
import type { StripLocation } from "./strip-location.ts";
import type { UploadStore } from "./upload-store.ts";

export interface UrlToFetch extends Pick<UploadWish, "ownerId" | "idempotencyKey" | "isLocationStripped" | "request"> {
  readonly url: string;
  /** Absent: as the address calls it. */
  readonly name?: string | undefined;
  readonly signal: AbortSignal;
}

/**
 * Reads a file from an address and keeps it.
 * @throws AppError `invalid_input` for an address that nobody is sent to, `media_unusable`, `image_too_large`, `payload_too_large`,
 *   `idempotency_key_reused`
 */
export type FetchUpload = (file: UrlToFetch) => Promise<{ readonly asset: ShelvedAsset; readonly isReplay: boolean }>;

export interface FetchUploadDeps {
  readonly uploads: Pick<UploadStore, "claimKey">;
  readonly files: RemoteFiles;
  readonly storeFile: StoreFile;
  readonly stripLocation: StripLocation;
  readonly records: AssetRecords;
  readonly uploadSizeBytesMax: number;
}

function assertMedia(type: string): void {
  if (isMediaType(type)) return;
  throw new AppError("media_unusable", `expected an image, audio or video, but the address answered with ${type}.`);
}

export function createFetchUpload(deps: FetchUploadDeps): FetchUpload {
  const { uploads, files, storeFile, stripLocation, records, uploadSizeBytesMax: sizeBytesMax } = deps;

  async function read({ url, name = nameOf(url), isLocationStripped, signal }: UrlToFetch) {
    const { body } = await files.open(url, { sizeBytesMax, signal });
    const kept = isLocationStripped ? stripLocation(body, { sizeBytesMax, signal }) : body;
    return storeFile({ name, body: kept, source: "url", sizeBytesMax, assertType: assertMedia, signal });
  }

  return async function fetchUpload(file) {
    files.assertAllowed(file.url, "url");
    const id = await claimKey(uploads, file, "fetch");
    const known = id === undefined ? undefined : await findAsset(records, id);
    if (known) return { asset: { ...known, source: "url" }, isReplay: true };
    const stored = await inField("url", () => read(file));
    const asset = await insertOnce(records, file.ownerId, { ...stored, ...(id !== undefined && { id }) });
    return { asset: { ...asset, source: "url" }, isReplay: false };
  };
}
