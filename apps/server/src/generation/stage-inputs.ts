import type { AssetRecords } from "../assets/asset-records.ts";
import type { BlobStore } from "../assets/blob-store.ts";
import { extensionOf } from "../assets/media-type.ts";
import { AppError } from "../errors.ts";
import type { Backend } from "./backend.ts";

export interface StageInputsDeps {
  readonly records: Pick<AssetRecords, "find">;
  readonly blobs: Pick<BlobStore, "open">;
}

/** Enough of a digest to tell any two files apart; the backend then keeps one copy of equal bytes. */
const DIGEST_CHARS = 32;

/** Puts the input assets of a job on a backend. @returns the name of each there, by media slot */
export function createStageInputs({ records, blobs }: StageInputsDeps) {
  async function stage(backend: Backend, assetId: string, signal: AbortSignal): Promise<string> {
    const asset = await records.find(assetId);
    if (!asset) throw new AppError("asset_not_found", `The input file ${assetId} does not exist any more.`);
    const body = await blobs.open(asset.location, { signal });
    const extension = extensionOf(asset.type);
    const name = `${asset.sha256.slice(0, DIGEST_CHARS)}${extension ? `.${extension}` : ""}`;
    try {
      return await backend.upload({ name, body, sizeBytes: asset.sizeBytes }, signal);
    } finally {
      body.destroy();
    }
  }

  return async function stageInputs(
    backend: Backend,
    inputs: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<Readonly<Record<string, string>>> {
    const staged: Record<string, string> = {};
    for (const [slot, assetId] of Object.entries(inputs)) staged[slot] = await stage(backend, assetId, signal);
    return staged;
  };
}
