import { createReadStream } from "node:fs";
import { addAbortSignal, Readable } from "node:stream";
import { StorageApiError, StorageClient } from "@supabase/storage-js";
import type { ByteRange } from "../../assets/blob-store.ts";
import { type DirectLink, type ObjectStore, StoreRefusal } from "../../assets/object-store.ts";
import { prepareBucket } from "./prepare-bucket.ts";
import { type SupabaseOptions, toHeaders, toStorageUrl } from "./supabase-options.ts";
import { isMissing, readFailure, type StoreFailure, toReadError, toStoreError } from "./translate-error.ts";
import { uploadLarge } from "./upload-large.ts";

/** Larger files go in chunks, as the vendor advises. */
const LARGE_SIZE_BYTES = 6 * 1024 * 1024;
/** An answer, and for uploads a small file. */
const ANSWER_MS = 60_000;

/**
 * A bucket of Supabase Storage.
 *
 * @example const objects = createSupabaseStore({ url: "https://abc.supabase.co", secretKey, bucket: "comfy" });
 */
export function createSupabaseStore(options: SupabaseOptions): ObjectStore {
  const { bucket } = options;
  const headers = toHeaders(options);
  const storageUrl = toStorageUrl(options);
  const within = (signal: AbortSignal) => AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]);

  /** The client takes no signal for most calls; its fetch does. */
  function clientFor(signal: AbortSignal): StorageClient {
    const end = within(signal);
    return new StorageClient(storageUrl, headers, (input, init) => fetch(input, { ...init, signal: end }));
  }

  async function isThere(key: string, sizeBytes: number, signal: AbortSignal): Promise<boolean> {
    const { data, error } = await clientFor(signal).from(bucket).info(key);
    if (error === null) return data.size === sizeBytes;
    const failure = readFailure(error);
    if (isMissing(failure)) return false;
    throw toStoreError(failure, signal);
  }

  async function uploadSmall(key: string, path: string, type: string | undefined, signal: AbortSignal): Promise<void> {
    const body = createReadStream(path);
    try {
      const upload = { upsert: true, ...(type !== undefined && { contentType: type }) };
      const { error } = await clientFor(signal).from(bucket).upload(key, body, upload);
      if (error !== null) throw toStoreError(readFailure(error), signal);
    } finally {
      body.destroy();
    }
  }

  return {
    name: "supabase",
    async prepare(signal) {
      await prepareBucket(clientFor(signal), bucket, signal).catch((error: unknown) => {
        throw error instanceof StoreRefusal ? error : toStoreError(readFailure(error), signal);
      });
    },
    async upload(key, file, { type, signal }) {
      if (await isThere(key, file.sizeBytes, signal)) return;
      if (file.sizeBytes <= LARGE_SIZE_BYTES) return uploadSmall(key, file.path, type, signal);
      await uploadLarge(options, { key, file, type, signal }).catch((failure: StoreFailure) => {
        throw toStoreError(failure, signal);
      });
    },
    open: (key, { range, signal }) =>
      openObject(`${storageUrl}/object/authenticated/${bucket}/${key}`, headers, { range, signal }),
    async delete(key, signal) {
      const { error } = await clientFor(signal).from(bucket).remove([key]);
      if (error !== null && !isMissing(readFailure(error))) throw toStoreError(readFailure(error), signal);
    },
    async sign(key, { name, disposition, ttlSeconds }: DirectLink, signal) {
      const download = disposition === "attachment" ? { download: name } : {};
      const { data, error } = await clientFor(signal).from(bucket).createSignedUrl(key, ttlSeconds, download);
      if (error !== null) throw toReadError(readFailure(error), signal);
      return data.signedUrl;
    },
    // Uploads in chunks that nobody goes on with are dropped by the store itself.
    dropHalves: async () => 0,
    close: () => undefined,
  };
}

interface Opening {
  readonly range: ByteRange | undefined;
  readonly signal: AbortSignal;
}

/** By hand: the client reads whole files into memory and knows no ranges. */
async function openObject(url: string, headers: Record<string, string>, { range, signal }: Opening): Promise<Readable> {
  const silence = new AbortController();
  const timer = setTimeout(() => silence.abort(new Error("The store does not answer.")), ANSWER_MS);
  try {
    const part = range && { range: `bytes=${range.start}-${range.end}` };
    const end = AbortSignal.any([signal, silence.signal]);
    const response = await fetch(url, { headers: { ...headers, ...part }, signal: end });
    if (!response.ok || response.body === null) throw await readRefusal(response);
    const stream = Readable.fromWeb(response.body);
    // Aborted before its reader has come it fails with nobody to hear it, which would end the process.
    stream.on("error", () => undefined);
    return addAbortSignal(signal, stream);
  } catch (error) {
    throw toReadError(readFailure(error), signal);
  } finally {
    clearTimeout(timer);
  }
}

/** The same error that the client would make of the answer. */
async function readRefusal(response: Response): Promise<StorageApiError> {
  const text = (await response.text()).slice(0, 2_000);
  const body = parseObject(text);
  const word = (name: string) => (typeof body[name] === "string" ? body[name] : undefined);
  const statusCode = word("statusCode") ?? String(response.status);
  return new StorageApiError(
    word("message") ?? response.statusText,
    response.status,
    statusCode,
    "storage",
    word("code"),
  );
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
