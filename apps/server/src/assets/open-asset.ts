import type { Readable } from "node:stream";
import { isId } from "../ids.ts";
import type { Asset } from "./asset.ts";
import type { AssetRecords } from "./asset-records.ts";
import type { BlobStore, BorrowedBytes, ByteRange } from "./blob-store.ts";
import { toContentDisposition } from "./content-disposition.ts";
import type { Disposition } from "./link-signer.ts";
import { isInlineType } from "./media-type.ts";

/** An asset that its caller may read. */
export interface OpenedAsset {
  readonly asset: Asset;
  /** Content-Type, Content-Disposition and what keeps a browser from running the file. */
  readonly headers: Readonly<Record<string, string>>;
  /** All bytes, when they are in memory anyway. */
  borrow?(): BorrowedBytes | undefined;
  /** Opens the bytes; both ends of a range are included. */
  open(range: ByteRange | undefined, signal: AbortSignal): Promise<Readable>;
}

/** Undefined when there is no such asset. Who may read it is the caller's to decide. `open` throws AppError `output_unavailable`. */
export type OpenAsset = (assetId: string, disposition?: Disposition) => Promise<OpenedAsset | undefined>;

export interface OpenAssetDeps {
  readonly records: Pick<AssetRecords, "find">;
  readonly blobs: Pick<BlobStore, "open" | "borrow">;
}

/** Files come from strangers and from graphs: a browser must neither guess their type nor run what is in them. */
function toHeaders({ type, name }: Asset, disposition: Disposition): Record<string, string> {
  return {
    "Content-Type": type,
    "Content-Disposition": toContentDisposition(isInlineType(type) ? disposition : "attachment", name),
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    // Pages of other origins show the pictures they were given links to.
    "Cross-Origin-Resource-Policy": "cross-origin",
    // The link is a secret; a page must not pass it on.
    "Referrer-Policy": "no-referrer",
  };
}

export function createOpenAsset({ records, blobs }: OpenAssetDeps): OpenAsset {
  return async function openAsset(assetId, disposition = "inline") {
    const found = isId(assetId) ? await records.find(assetId) : undefined;
    if (!found) return undefined;
    const { location, ...asset } = found;
    return {
      asset,
      headers: toHeaders(asset, disposition),
      borrow: () => blobs.borrow?.(location),
      open: (range, signal) => blobs.open(location, range ? { range, signal } : { signal }),
    };
  };
}
