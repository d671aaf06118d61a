import type { Asset as AssetBody } from "@comfy/contracts";
import type { Caller } from "../access/caller.ts";
import { AppError } from "../errors.ts";
import type { AssetRecords } from "./asset-records.ts";
import { insertOnce } from "./insert-once.ts";
import { isMediaType } from "./media-type.ts";
import type { PresentAsset } from "./present-asset.ts";
import { toStableId } from "./stable-id.ts";
import type { StoreFile } from "./store-file.ts";

export interface UploadAssetDeps {
  readonly storeFile: StoreFile;
  readonly records: AssetRecords;
  readonly presentAsset: PresentAsset;
  readonly uploadSizeBytesMax: number;
}

export interface Upload {
  readonly caller: Caller;
  readonly name: string;
  readonly body: AsyncIterable<Uint8Array>;
  /** The same key with the same bytes gives the same asset again. */
  readonly idempotencyKey?: string;
  readonly signal: AbortSignal;
}

export type UploadAsset = (upload: Upload) => Promise<AssetBody>;

function assertUploadable(type: string): void {
  if (isMediaType(type)) return;
  throw new AppError(
    "unsupported_media_type",
    `file: expected an image, audio or video file, but its content is ${type}.`,
  );
}

/**
 * Keeps a file that a caller sent, to be named by its id in later inputs.
 * @throws AppError `unsupported_media_type`, `payload_too_large`, `idempotency_key_reused`
 */
export function createUploadAsset(deps: UploadAssetDeps): UploadAsset {
  const { storeFile, records, presentAsset, uploadSizeBytesMax } = deps;
  return async function uploadAsset({ caller, name, body, idempotencyKey, signal }) {
    const { ownerId } = caller;
    const stored = await storeFile({
      name,
      body,
      source: "upload",
      sizeBytesMax: uploadSizeBytesMax,
      assertType: assertUploadable,
      signal,
    });
    if (idempotencyKey === undefined) return presentAsset(await records.insert(ownerId, stored));
    const id = toStableId("upload", ownerId, idempotencyKey);
    const asset = await insertOnce(records, ownerId, { ...stored, id });
    if (asset.sha256 === stored.blob.sha256) return presentAsset(asset);
    throw new AppError(
      "idempotency_key_reused",
      "This Idempotency-Key was used before with another file. Use a new key for a new upload.",
    );
  };
}
