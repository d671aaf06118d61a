import { randomUUID } from "node:crypto";
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  PutObjectCommand,
  type S3Client,
  S3ServiceException,
} from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { StoreRefusal } from "../../assets/object-store.ts";
import type { S3Options } from "./s3-options.ts";
import { isMissing } from "./translate-error.ts";

interface Bucket {
  readonly client: S3Client;
  readonly options: S3Options;
}

/** Makes the bucket unless it is there, writes a small object to it and makes sure that it does not open without a key. */
export async function prepareBucket({ client, options }: Bucket, signal: AbortSignal): Promise<void> {
  const { bucket: Bucket } = options;
  try {
    await client.send(new HeadBucketCommand({ Bucket }), { abortSignal: signal });
  } catch (error) {
    if (!isMissing(error)) throw toRefusal(error, `S3_BUCKET: the bucket ${Bucket} cannot be opened`);
    await client.send(new CreateBucketCommand({ Bucket }), { abortSignal: signal }).catch((cause: unknown) => {
      throw toRefusal(cause, `S3_BUCKET: there is no bucket ${Bucket}, and it cannot be made`);
    });
  }
  await assertPrivate({ client, options }, signal);
}

/** Policies, ACLs and public-access blocks differ from server to server; whether a stranger gets the bytes does not. */
async function assertPrivate({ client, options: { bucket: Bucket } }: Bucket, signal: AbortSignal): Promise<void> {
  const Key = `probe/${randomUUID()}`;
  await client.send(new PutObjectCommand({ Bucket, Key, Body: "probe" }), { abortSignal: signal }).catch((error) => {
    throw toRefusal(error, `S3_ACCESS_KEY_ID: this key cannot write to the bucket ${Bucket}`);
  });
  try {
    const url = new URL(await getSignedUrl(client, new GetObjectCommand({ Bucket, Key })));
    url.search = "";
    const answer = await fetch(url, { signal, redirect: "manual" });
    await answer.body?.cancel();
    if (answer.ok) {
      throw new StoreRefusal(
        `S3_BUCKET: anybody can read the bucket ${Bucket} without a key. Block public access to it, or name another bucket.`,
      );
    }
  } finally {
    await client.send(new DeleteObjectCommand({ Bucket, Key }), { abortSignal: signal });
  }
}

/** What the store refuses is a sentence for the operator; what did not reach it stays as it is. */
function toRefusal(error: unknown, sentence: string): unknown {
  if (!(error instanceof S3ServiceException) || error.$retryable || (error.$metadata.httpStatusCode ?? 500) >= 500)
    return error;
  return new StoreRefusal(`${sentence}: the store answered ${error.$metadata.httpStatusCode} (${error.name}).`, {
    cause: error,
  });
}
