import type { StoredBlob } from "./asset.ts";

/**
 * What is on its way to a store outside. Written down before the first byte is sent, so that whatever a crash leaves there is found and
 * removed like any blob that nobody refers to.
 */
export interface BlobLedger {
  /** @throws AppError `unavailable` while the same bytes are being removed. */
  announce(blob: StoredBlob): Promise<void>;
  /** Where equal bytes are kept, and are now sure to stay for a day. */
  findKept(blob: Pick<StoredBlob, "sha256">): Promise<string | undefined>;
}
