import { hash } from "node:crypto";
import { uploadPartSizeBytes } from "@comfy/contracts";
import { AppError } from "../errors.ts";
import { createId } from "../ids.ts";
import { isMediaType } from "./media-type.ts";
import { toStableId } from "./stable-id.ts";
import type { Upload, UploadStore } from "./upload-store.ts";

/** What a caller says of a file before it sends it. */
export interface UploadWish {
  readonly ownerId: string;
  readonly name: string;
  readonly sizeBytes: number;
  readonly type?: string | undefined;
  readonly sha256?: string | undefined;
  readonly isLocationStripped: boolean;
  readonly idempotencyKey?: string;
  /** The bytes of the request: what the same key must come with. */
  readonly request: Uint8Array;
}

export interface UploadAddress {
  readonly ownerId: string;
  readonly id: string;
}

export interface OpenUploadVerbs {
  /** @throws AppError `payload_too_large`, `unsupported_media_type`, `upload_limit`, `idempotency_key_reused` */
  openUpload(wish: UploadWish): Promise<{ readonly upload: Upload; readonly isReplay: boolean }>;
  /** @throws AppError `upload_not_found`, also for somebody else's and for one that has expired */
  readUpload(address: UploadAddress): Promise<Upload>;
  /** @throws AppError `upload_not_found` */
  deleteUpload(address: UploadAddress): Promise<void>;
}

export interface OpenUploadDeps {
  readonly uploads: UploadStore;
  readonly uploadSizeBytesMax: number;
}

/** Half a day: what was sent lies in the store for a day without anything that names it. */
const TTL_MS = 12 * 3_600_000;
const OPEN_MAX = 10;
/** All that are open together, in largest files. */
const LARGEST_OPEN_MAX = 4;

/** An upload of this owner. Somebody else's, an unknown id and one that has expired are told apart to nobody. */
export async function findOwnUpload(
  uploads: Pick<UploadStore, "find">,
  { ownerId, id }: UploadAddress,
): Promise<Upload> {
  const upload = await uploads.find(id);
  if (upload?.ownerId === ownerId) return upload;
  throw new AppError("upload_not_found", `No upload with the id ${id} belongs to this key; it may have expired.`);
}

/**
 * Insists that what came first with the key is what comes now.
 * @returns an id that stands for the two, until the key is forgotten; undefined without a key
 */
export async function claimKey(
  uploads: Pick<UploadStore, "claimKey">,
  { ownerId, idempotencyKey, request }: Pick<UploadWish, "ownerId" | "idempotencyKey" | "request">,
  purpose: string,
): Promise<string | undefined> {
  if (idempotencyKey === undefined) return undefined;
  const keyHash = hash("sha256", `${purpose}\n${idempotencyKey}`, "hex");
  const claimed = await uploads.claimKey({ ownerId, keyHash, fingerprint: hash("sha256", request, "hex") });
  // Not made of the key: it is forgotten after a day, and what it stood for then is not what it stands for now.
  if (claimed !== undefined) return toStableId(purpose, claimed);
  throw new AppError("idempotency_key_reused", "This Idempotency-Key was used before, with another body.");
}

function assertAcceptable({ sizeBytes, type }: UploadWish, sizeBytesMax: number): void {
  if (sizeBytes > sizeBytesMax) {
    throw new AppError("payload_too_large", `sizeBytes: expected at most ${sizeBytesMax}, got ${sizeBytes}.`);
  }
  if (type === undefined || isMediaType(type)) return;
  throw new AppError("unsupported_media_type", "type: expected the media type of an image, audio or video file.");
}

export function createOpenUploadVerbs({ uploads, uploadSizeBytesMax }: OpenUploadDeps): OpenUploadVerbs {
  const limits = { countMax: OPEN_MAX, sizeBytesMax: LARGEST_OPEN_MAX * uploadSizeBytesMax };

  return {
    async openUpload(wish) {
      assertAcceptable(wish, uploadSizeBytesMax);
      const { ownerId, name, sizeBytes, type, sha256, isLocationStripped } = wish;
      const id = (await claimKey(uploads, wish, "upload")) ?? createId();
      const upload = {
        ...{ id, ownerId, name, sizeBytes, isLocationStripped, partSizeBytes: uploadPartSizeBytes },
        ...(type !== undefined && { type }),
        ...(sha256 !== undefined && { sha256 }),
      };
      const outcome = await uploads.open(upload, TTL_MS, limits);
      if (outcome === "too_many" || outcome === "too_large") {
        const most = outcome === "too_many" ? `${OPEN_MAX} uploads` : `${limits.sizeBytesMax} bytes of uploads`;
        throw new AppError("upload_limit", `Expected at most ${most} open at once: complete or delete one first.`);
      }
      return { upload: await findOwnUpload(uploads, { ownerId, id }), isReplay: outcome === "known" };
    },

    readUpload: (address) => findOwnUpload(uploads, address),

    async deleteUpload(address) {
      const { id } = await findOwnUpload(uploads, address);
      await uploads.remove(id);
    },
  };
}
