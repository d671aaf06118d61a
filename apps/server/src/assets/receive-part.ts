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

  async function assertRoom({ uploadId, n }: Pick<PartToReceive, "uploadId" | "n">) {
    const { upload, sizeBytes } = measureIn(await uploads.find(uploadId), n);
    if (upload.isCompleted) throw completed();
    const sentBytesMax = SENT_FACTOR_MAX * upload.sizeBytes;
    if (upload.sentBytes + sizeBytes > sentBytesMax) throw sentTooOften();
    return { ownerId: upload.ownerId, sizeBytes, sentBytesMax };
  }

  /** Its bytes are counted before the first of them is taken: of many that come at once each would find room else. */
  async function keepReserved({ uploadId, n, sha256, body, signal }: PartToReceive, sizeBytes: number) {
    try {
      const checked = checkBytes(body, { sizeBytes, sha256 });
      return { n, ...(await blobs.put(checked, { sizeBytesMax: sizeBytes, signal })) };
    } catch (error) {
      // Without an answer it stays counted, which four times the size leaves room for.
      await uploads.release(uploadId, sizeBytes).catch(() => undefined);
      throw error;
    }
  }

  return {
    async measurePart(address): Promise<PartMeasure> {
      const { ownerId, sizeBytes } = await assertRoom(address);
      return { ownerId, sizeBytes };
    },

    async receivePart(arriving) {
      const { uploadId } = arriving;
      const { sizeBytes, sentBytesMax } = await assertRoom(arriving);
      if (!(await uploads.reserve(uploadId, sizeBytes, sentBytesMax))) {
        await assertRoom(arriving);
        throw sentTooOften();
      }
      const part = await keepReserved(arriving, sizeBytes);
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
