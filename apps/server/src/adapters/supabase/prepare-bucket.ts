import type { StorageClient } from "@supabase/storage-js";
import { StoreRefusal } from "../../assets/object-store.ts";
import { isMissing, readFailure, toStoreError } from "./translate-error.ts";

/** Makes the bucket unless it is there, and makes it private when it is not. */
export async function prepareBucket(client: StorageClient, bucket: string, signal: AbortSignal): Promise<void> {
  const { data, error } = await client.getBucket(bucket);
  if (error !== null && !isMissing(readFailure(error)))
    throw toRefusal(error, `SUPABASE_BUCKET: the bucket ${bucket} cannot be opened`, signal);
  if (data === null) return createBucket(client, bucket, signal);
  if (!data.public) return;
  // Only what is given is changed: the limits of the bucket stay as they are.
  const changed = await client.updateBucket(bucket, { public: false });
  if (changed.error === null) return;
  const sentence = `SUPABASE_BUCKET: anybody can read the bucket ${bucket} without a key, and it cannot be made private`;
  throw toRefusal(changed.error, sentence, signal);
}

async function createBucket(client: StorageClient, bucket: string, signal: AbortSignal): Promise<void> {
  const { error } = await client.createBucket(bucket, { public: false });
  if (error === null) return;
  // Another process that starts at the same time was faster.
  if (readFailure(error).status === 409) return prepareBucket(client, bucket, signal);
  throw toRefusal(error, `SUPABASE_BUCKET: there is no bucket ${bucket}, and it cannot be made`, signal);
}

/** What the store refuses is a sentence for the operator; what did not reach it may work the next time. */
function toRefusal(error: unknown, sentence: string, signal: AbortSignal): unknown {
  const failure = readFailure(error);
  const isRefused = failure.status >= 400 && failure.status < 500 && ![408, 423, 429].includes(failure.status);
  if (!isRefused || signal.aborted) return toStoreError(failure, signal);
  const answer = error instanceof Error ? error.message : "no reason";
  return new StoreRefusal(`${sentence}: the store answered ${failure.status} (${answer}).`, { cause: error });
}
