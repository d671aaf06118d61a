import { createReadStream } from "node:fs";
import { addAbortSignal, Readable } from "node:stream";
import {
  AbortMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  type MultipartUpload,
  S3Client,
} from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { toContentDisposition } from "../../assets/content-disposition.ts";
import { type ObjectStore, StoreRefusal } from "../../assets/object-store.ts";
import { prepareBucket } from "./prepare-bucket.ts";
import type { S3Options } from "./s3-options.ts";
import { isMissing, isRefusedOperation, toReadError, toStoreError } from "./translate-error.ts";

/** Held in memory, twice: one part is read while the other is sent. 10,000 of them are 80 GB. */
const PART_SIZE_BYTES = 8 * 1024 * 1024;
const PARTS_AT_ONCE = 2;
/** A week: the protocol signs for no longer. */
const SIGNED_SECONDS_MAX = 604_800;
const CONNECT_MS = 5_000;
/** Silence that ends a request. */
const SILENCE_MS = 30_000;

function createClient({ endpoint, region, accessKeyId, secretAccessKey, isPathStyle }: S3Options): S3Client {
  return new S3Client({
    region,
    ...(endpoint !== undefined && { endpoint }),
    forcePathStyle: isPathStyle,
    credentials: { accessKeyId, secretAccessKey },
    // Checksums of Amazon's own kind are refused by many servers that speak S3.
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    maxAttempts: 2,
    requestHandler: { connectionTimeout: CONNECT_MS, socketTimeout: SILENCE_MS },
  });
}

/**
 * A bucket of Amazon S3, or of any server that speaks its protocol.
 *
 * @example const objects = createS3Store({ endpoint: "http://127.0.0.1:9000", region: "us-east-1", bucket: "comfy", … });
 */
export function createS3Store(options: S3Options): ObjectStore {
  const client = createClient(options);
  const { bucket: Bucket } = options;

  async function isThere(Key: string, sizeBytes: number, signal: AbortSignal): Promise<boolean> {
    try {
      const found = await client.send(new HeadObjectCommand({ Bucket, Key }), { abortSignal: signal });
      return found.ContentLength === sizeBytes;
    } catch (error) {
      if (isMissing(error)) return false;
      throw error;
    }
  }

  return {
    name: "s3",
    async prepare(signal) {
      try {
        await prepareBucket({ client, options }, signal);
      } catch (error) {
        throw error instanceof StoreRefusal ? error : toStoreError(error, signal);
      }
    },
    async upload(Key, { path, sizeBytes }, { type, signal }) {
      try {
        if (await isThere(Key, sizeBytes, signal)) return;
        await uploadFile({ client, Bucket, Key, path, type, signal });
      } catch (error) {
        throw toStoreError(error, signal);
      }
    },
    async open(Key, { range, signal }) {
      try {
        const Range = range && `bytes=${range.start}-${range.end}`;
        const { Body } = await client.send(new GetObjectCommand({ Bucket, Key, Range }), { abortSignal: signal });
        if (!(Body instanceof Readable)) throw new Error("The store answered without a body.");
        // Aborted before its reader has come it fails with nobody to hear it, which would end the process.
        Body.on("error", () => undefined);
        return addAbortSignal(signal, Body);
      } catch (error) {
        throw toReadError(error, signal);
      }
    },
    async delete(Key, signal) {
      await client.send(new DeleteObjectCommand({ Bucket, Key }), { abortSignal: signal }).catch((error: unknown) => {
        throw toStoreError(error, signal);
      });
    },
    sign: (Key, { name, type, disposition, ttlSeconds }) =>
      getSignedUrl(
        client,
        new GetObjectCommand({
          ...{ Bucket, Key },
          ResponseContentType: type,
          ResponseContentDisposition: toContentDisposition(disposition, name),
          ResponseCacheControl: "private, max-age=3600, immutable",
        }),
        { expiresIn: Math.min(ttlSeconds, SIGNED_SECONDS_MAX) },
      ),
    dropHalves: (Prefix, olderThanMs, signal) => dropHalves({ client, Bucket, Prefix, olderThanMs, signal }),
    close: () => client.destroy(),
  };
}

interface FileUpload {
  readonly client: S3Client;
  readonly Bucket: string;
  readonly Key: string;
  readonly path: string;
  readonly type: string | undefined;
  readonly signal: AbortSignal;
}

async function uploadFile({ client, Bucket, Key, path, type, signal }: FileUpload): Promise<void> {
  const body = createReadStream(path, { highWaterMark: 1024 * 1024 });
  const params = { Bucket, Key, Body: body, ...(type !== undefined && { ContentType: type }) };
  const upload = new Upload({ client, params, partSize: PART_SIZE_BYTES, queueSize: PARTS_AT_ONCE });
  const abort = () => void upload.abort();
  signal.addEventListener("abort", abort, { once: true });
  try {
    signal.throwIfAborted();
    await upload.done();
  } finally {
    signal.removeEventListener("abort", abort);
    body.destroy();
  }
}

interface Halves {
  readonly client: S3Client;
  readonly Bucket: string;
  readonly Prefix: string;
  readonly olderThanMs: number;
  readonly signal: AbortSignal;
}

/** A process that died left the parts it had sent; they are paid for and appear in no list of objects. */
async function dropHalves(halves: Halves): Promise<number> {
  const { client, Bucket, olderThanMs, signal } = halves;
  let count = 0;
  try {
    for await (const { Key, UploadId, Initiated } of listHalves(halves)) {
      if (!Initiated || Date.now() - Initiated.getTime() <= olderThanMs) continue;
      await client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }), { abortSignal: signal });
      count += 1;
    }
    return count;
  } catch (error) {
    if (isRefusedOperation(error)) return count;
    throw toStoreError(error, signal);
  }
}

/** Page by page. Not every server looks at the prefix: other keys are other people's. */
async function* listHalves({ client, Bucket, Prefix, signal }: Halves): AsyncGenerator<MultipartUpload> {
  let after: { KeyMarker?: string; UploadIdMarker?: string } | undefined = {};
  while (after) {
    const command: ListMultipartUploadsCommand = new ListMultipartUploadsCommand({ Bucket, Prefix, ...after });
    const page = await client.send(command, { abortSignal: signal });
    yield* (page.Uploads ?? []).filter(({ Key }) => Key?.startsWith(Prefix));
    const { IsTruncated, NextKeyMarker: KeyMarker, NextUploadIdMarker: UploadIdMarker } = page;
    // A server that says there is more, but not where, would be asked for the same for ever.
    after = IsTruncated && KeyMarker ? { KeyMarker, ...(UploadIdMarker && { UploadIdMarker }) } : undefined;
  }
}
