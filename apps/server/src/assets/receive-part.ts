import { createHash } from "node:crypto";
import { AppError } from "../errors.ts";
import type { BlobStore } from "./blob-store.ts";
import { countParts, sizeOfPart } from "./upload-parts.ts";
import type { ReceivedPart, Upload, UploadStore } from "./upload-store.ts";

export interface PartToReceive {
  readonly uploadId: string;
  readonly n: number;
  /** The digest that its sender found, lowercase hex. */
  readonly sha256: string;
  readonly body: AsyncIterable<Uint8Array>;
  readonly signal: AbortSignal;
}

export interface PartMeasure {
  readonly ownerId: string;
  readonly sizeBytes: number;
}

export interface ReceivePartVerbs {
  /** How many bytes the part must have, and whose it is. @throws AppError `upload_not_found`, `upload_completed`, `upload_limit` */
  measurePart(part: Pick<PartToReceive, "uploadId" | "n">): Promise<PartMeasure>;
  /**
   * Keeps a part whose bytes are those that its sender meant; nothing is kept of any other.
   * @throws AppError `upload_not_found`, `upload_completed`, `invalid_input`, `payload_too_large`, `digest_mismatch`
   */
  receivePart(part: PartToReceive): Promise<ReceivedPart>;
  /** A part that has arrived. @throws AppError `upload_not_found` */
  findPart(part: Pick<PartToReceive, "uploadId" | "n">): Promise<ReceivedPart>;
}

export interface ReceivePartDeps {
  readonly uploads: UploadStore;
  readonly blobs: Pick<BlobStore, "put">;
}

const gone = () => new AppError("upload_not_found", "The upload of this link is gone: it was deleted, or has expired.");
const completed = () =>
  new AppError("upload_completed", "The upload of this link is completed: no part can change any more.");

/** How many times over an upload may be sent: a link needs no key, so nothing else bounds what whoever holds it makes us keep. */
const SENT_FACTOR_MAX = 4;

const sentTooOften = () =>
  new AppError(
    "upload_limit",
    `Parts of this upload were sent again too often: expected at most ${SENT_FACTOR_MAX} times its size in all. Delete it and begin anew.`,
  );

/** The same bytes; fails at their end when they are not those that were meant, so that whoever stores them keeps nothing. */
export async function* checkBytes(
  body: AsyncIterable<Uint8Array>,
  expected: { readonly sizeBytes: number; readonly sha256?: string | undefined },
): AsyncGenerator<Uint8Array, void, void> {
  const digest = createHash("sha256");
  let sizeBytes = 0;
  for await (const chunk of body) {
    digest.update(chunk);
    sizeBytes += chunk.length;
    yield chunk;
  }
  if (sizeBytes !== expected.sizeBytes)
    throw new AppError("invalid_input", `Expected exactly ${expected.sizeBytes} bytes, got ${sizeBytes}.`);
  const sha256 = digest.digest("hex");
  if (expected.sha256 === undefined || sha256 === expected.sha256) return;
  throw new AppError("digest_mismatch", `The SHA-256 of what arrived is ${sha256}, which is not what was announced.`);
}

export function createReceivePartVerbs({ uploads, blobs }: ReceivePartDeps): ReceivePartVerbs {
  function measureIn(upload: Upload | undefined, n: number) {
    if (!upload) throw gone();
    const sizeBytes = sizeOfPart(upload, n);
    if (sizeBytes === undefined)
      throw new AppError("upload_not_found", `The upload has ${countParts(upload)} parts, counted from 1.`);
    return { upload, sizeBytes };
  }

  async function measurePart({ uploadId, n }: Pick<PartToReceive, "uploadId" | "n">): Promise<PartMeasure> {
    const { upload, sizeBytes } = measureIn(await uploads.find(uploadId), n);
    if (upload.isCompleted) throw completed();
    if (upload.sentBytes + sizeBytes > SENT_FACTOR_MAX * upload.sizeBytes) throw sentTooOften();
    return { ownerId: upload.ownerId, sizeBytes };
  }

  return {
    measurePart,

    async receivePart({ uploadId, n, sha256, body, signal }) {
      const { sizeBytes } = await measurePart({ uploadId, n });
      const checked = checkBytes(body, { sizeBytes, sha256 });
      const blob = await blobs.put(checked, { sizeBytesMax: sizeBytes, signal });
      const part = { n, ...blob };
      if (await uploads.putPart(uploadId, part)) return part;
      throw (await uploads.find(uploadId)) ? completed() : gone();
    },

    async findPart({ uploadId, n }) {
      const { upload } = measureIn(await uploads.find(uploadId), n);
      const part = upload.parts.find((received) => received.n === n);
      if (!part) throw new AppError("upload_not_found", `Part ${n} has not arrived yet.`);
      return part;
    },
  };
}
