import { createHash } from "node:crypto";
import type { Asset as AssetBody } from "@comfy/contracts";
import type { Caller } from "../access/caller.ts";
import { AppError } from "../errors.ts";
import type { Asset } from "./asset.ts";
import type { AssetRecords } from "./asset-records.ts";
import { findAsset, insertOnce } from "./insert-once.ts";
import { isMediaType } from "./media-type.ts";
import { claimKey } from "./open-upload.ts";
import type { PresentAsset } from "./present-asset.ts";
import type { StoreFile } from "./store-file.ts";
import type { StripLocation } from "./strip-location.ts";
import { untilAborted } from "./until-aborted.ts";
import type { UploadStore } from "./upload-store.ts";

export interface UploadAssetDeps {
  readonly uploads: Pick<UploadStore, "claimKey">;
  readonly storeFile: StoreFile;
  readonly records: AssetRecords;
  readonly presentAsset: PresentAsset;
  readonly uploadSizeBytesMax: number;
  readonly stripLocation: StripLocation;
}

export interface Upload {
  readonly caller: Caller;
  readonly name: string;
  readonly body: AsyncIterable<Uint8Array>;
  /** Whether the picture is written anew without what its camera wrote into it. */
  readonly isLocationStripped?: boolean;
  /** The same key with the same bytes gives the same asset again. */
  readonly idempotencyKey?: string;
  readonly signal: AbortSignal;
}

export type UploadAsset = (upload: Upload) => Promise<AssetBody>;

/** Throws for content that no media field takes. */
export function assertUploadable(type: string): void {
  if (isMediaType(type)) return;
  throw new AppError(
    "unsupported_media_type",
    `file: expected an image, audio or video file, but its content is ${type}.`,
  );
}

function assertSame(asset: Asset, sha256: string): Asset {
  if (asset.sha256 === sha256) return asset;
  throw new AppError(
    "idempotency_key_reused",
    "This Idempotency-Key was used before with another file. Use a new key for a new upload.",
  );
}

/** The bytes are compared when they have come. */
const unread = new Uint8Array();

async function hash(body: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<string> {
  const digest = createHash("sha256");
  for await (const chunk of untilAborted(body, signal)) digest.update(chunk);
  return digest.digest("hex");
}

/**
 * Keeps a file that a caller sent, to be named by its id in later inputs.
 * @throws AppError `unsupported_media_type`, `payload_too_large`, `image_too_large`, `media_unusable`, `idempotency_key_reused`; what
 *   `body` throws, also at its very end: then nothing is kept
 */
export function createUploadAsset(deps: UploadAssetDeps): UploadAsset {
  const { uploads, storeFile, records, presentAsset, stripLocation, uploadSizeBytesMax } = deps;

  const toBody = ({ body, isLocationStripped, signal }: Upload) =>
    isLocationStripped ? stripLocation(body, { sizeBytesMax: uploadSizeBytesMax, signal }) : body;

  const store = (upload: Upload) =>
    storeFile({
      name: upload.name,
      body: toBody(upload),
      source: "upload",
      sizeBytesMax: uploadSizeBytesMax,
      assertType: assertUploadable,
      signal: upload.signal,
    });

  async function storeOnce(upload: Upload, id: string): Promise<Asset> {
    const known = await findAsset(records, id);
    // Only compared: bytes that become no asset would lie in the store for ever.
    if (known) return assertSame(known, await hash(toBody(upload), upload.signal));
    const stored = await store(upload);
    return assertSame(await insertOnce(records, upload.caller.ownerId, { ...stored, id }), stored.blob.sha256);
  }

  return async function uploadAsset(upload) {
    const { ownerId } = upload.caller;
    const id = await claimKey(uploads, { ...upload, ownerId, request: unread }, "whole upload");
    return presentAsset(
      id === undefined ? await records.insert(ownerId, await store(upload)) : await storeOnce(upload, id),
    );
  };
}
