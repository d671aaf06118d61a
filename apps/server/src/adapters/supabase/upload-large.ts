import { createReadStream } from "node:fs";
import { DetailedError, Upload } from "tus-js-client";
import type { SpooledFile } from "../../assets/spool.ts";
import { type SupabaseOptions, toHeaders, toStorageUrl } from "./supabase-options.ts";
import type { StoreFailure } from "./translate-error.ts";

/** What the hosted service asks for, to the byte; the last one may be smaller. */
const CHUNK_SIZE_BYTES = 6 * 1024 * 1024;

export interface LargeUpload {
  readonly key: string;
  readonly file: Pick<SpooledFile, "path" | "sizeBytes">;
  readonly type: string | undefined;
  readonly signal: AbortSignal;
}

/** Uploads in chunks, each of which is resumed on its own: one request for a large file keeps all of it in memory. */
export async function uploadLarge(options: SupabaseOptions, { key, file, type, signal }: LargeUpload): Promise<void> {
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const body = createReadStream(file.path);
  const upload = new Upload(body, {
    endpoint: `${toStorageUrl(options)}/upload/resumable`,
    headers: { ...toHeaders(options), "x-upsert": "true" },
    metadata: {
      bucketName: options.bucket,
      objectName: key,
      cacheControl: "3600",
      ...(type !== undefined && { contentType: type }),
    },
    uploadSize: file.sizeBytes,
    chunkSize: CHUNK_SIZE_BYTES,
    retryDelays: [250, 1_000, 3_000],
    storeFingerprintForResuming: false,
    onSuccess: () => resolve(),
    onError: (error) => reject(toFailure(error)),
  });
  const abort = () => {
    // Tells the store too, when it can be told; nobody waits for that.
    upload.abort(true).catch(() => undefined);
    reject({ status: 0, cause: signal.reason } satisfies StoreFailure);
  };
  signal.addEventListener("abort", abort, { once: true });
  try {
    upload.start();
    await promise;
  } finally {
    signal.removeEventListener("abort", abort);
    body.destroy();
  }
}

/** This protocol answers with true statuses, and with plain text. */
function toFailure(error: Error): StoreFailure {
  const status = error instanceof DetailedError ? (error.originalResponse?.getStatus() ?? 0) : 0;
  // The error itself holds the request, and that the key: only its words may reach a log.
  return { status, cause: new Error(error.message) };
}
