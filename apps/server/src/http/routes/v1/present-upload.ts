import type { V1Asset, V1Upload } from "@comfy/contracts";
import type { ShelvedAsset } from "../../../assets/asset-shelf.ts";
import { listParts, type UploadPart } from "../../../assets/upload-parts.ts";
import type { Upload } from "../../../assets/upload-store.ts";
import type { AppDeps } from "../../deps.ts";

const toIso = (timeMs: number): string => new Date(timeMs).toISOString();

/** Files and uploads in the words of the platform surface, with links that were signed just now. */
export function createUploadPresenter({ verbs }: Pick<AppDeps, "verbs">) {
  async function presentAsset(asset: ShelvedAsset): Promise<V1Asset> {
    return {
      ...(await verbs.presentAsset(asset)),
      source: asset.source,
      sha256: asset.sha256,
      createdAt: toIso(asset.createdAtMs),
      ...(asset.jobId !== undefined && { jobId: asset.jobId }),
    };
  }

  async function presentPart({ id, isCompleted, expiresAtMs }: Upload, { n, sizeBytes, received }: UploadPart) {
    return {
      ...{ n, sizeBytes, isReceived: received !== undefined },
      ...(received && { sha256: received.sha256 }),
      ...(!isCompleted && { url: await verbs.signPart({ uploadId: id, n, expiresAtMs }) }),
    };
  }

  async function presentUpload(upload: Upload): Promise<V1Upload> {
    const { id, ownerId, isCompleted, assetId, name, sizeBytes, partSizeBytes, expiresAtMs } = upload;
    const asset = assetId === undefined ? undefined : await verbs.findAsset({ ownerId, id: assetId });
    return {
      ...{ id, name, sizeBytes, partSizeBytes },
      status: isCompleted ? "completed" : "open",
      receivedBytes: upload.parts.reduce((sum, part) => sum + part.sizeBytes, 0),
      parts: await Promise.all(listParts(upload).map((part) => presentPart(upload, part))),
      expiresAt: toIso(expiresAtMs),
      ...(asset && { asset: await presentAsset(asset) }),
    };
  }

  return { presentAsset, presentUpload };
}
