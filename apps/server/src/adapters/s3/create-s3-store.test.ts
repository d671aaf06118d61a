import { randomBytes } from "node:crypto";
import { buffer } from "node:stream/consumers";
import {
  AbortMultipartUploadCommand,
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  NoSuchBucket,
  PutBucketPolicyCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { testBlobStore } from "../../../test/ports/blob-store.suite.ts";
import { setUpCloud } from "../../../test/storage/cloud-set-up.ts";
import { findS3, type S3Server, startS3 } from "../../../test/storage/start-s3.ts";
import { createS3Store } from "./create-s3-store.ts";

const program = findS3();
/** Moto says the same day of every unfinished upload, and forgets what a link says about the answer. */
const isMoto = program?.name === "moto_server";
const MANY_YEARS_MS = 100 * 365 * 86_400_000;
let server: S3Server;
let client: S3Client;
const closing: AsyncDisposable[] = [];
const signal = new AbortController().signal;
const options = { sizeBytesMax: 50_000_000, signal };
let buckets = 0;

beforeAll(async () => {
  if (!program) return;
  server = await startS3(program);
  const { endpoint, region, accessKeyId, secretAccessKey } = server.options;
  const credentials = { accessKeyId, secretAccessKey };
  client = new S3Client({ region, credentials, forcePathStyle: true, ...(endpoint !== undefined && { endpoint }) });
}, 60_000);
afterAll(async () => {
  client?.destroy();
  await server?.stop();
});
beforeEach(() => {
  buckets += 1;
});
afterEach(async () => {
  for (const one of closing.splice(0)) await one[Symbol.asyncDispose]();
});

const settings = () => ({ ...server.options, bucket: `bucket-${buckets}` });

async function countStored(): Promise<number> {
  const { bucket: Bucket } = settings();
  try {
    const { KeyCount = 0 } = await client.send(new ListObjectsV2Command({ Bucket }));
    const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket }));
    return KeyCount + Uploads.length;
  } catch (error) {
    if (error instanceof NoSuchBucket) return 0;
    throw error;
  }
}

const begin = (Key: string) => client.send(new CreateMultipartUploadCommand({ Bucket: settings().bucket, Key }));

async function setUp() {
  const objects = createS3Store(settings());
  const cloud = await setUpCloud(objects);
  closing.push(cloud);
  return { ...cloud, objects, count: async () => (await countStored()) + (await cloud.countSpooled()) };
}

async function* toStream(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

describe.skipIf(!program)("blobs in a bucket of S3", () => {
  testBlobStore(setUp);

  it("go in parts when they are large, and come back whole", async () => {
    const { blobs, count } = await setUp();
    const bytes = randomBytes(20_000_000);
    const { location } = await blobs.put(toStream(bytes), options);
    expect(bytes.equals(await buffer(await blobs.open(location, { signal })))).toBe(true);
    expect(await count()).toBe(1);
  });

  it("leave no parts behind when they are stopped half-way", async () => {
    const { blobs, objects, ledger, count } = await setUp();
    await objects.prepare(signal);
    const leaving = new AbortController();
    const putting = blobs.put(toStream(randomBytes(40_000_000)), { ...options, signal: leaving.signal });
    await expect.poll(() => ledger.announced.length).toBe(1);
    await expect.poll(countStored).toBe(1);
    leaving.abort(new Error("stopped"));
    await expect(putting).rejects.toThrow("stopped");
    await expect.poll(count).toBe(0);
  });

  it("whose parts a rule of the bucket removed half-way may be sent again: nothing is gone for who uploads", async () => {
    const { blobs, objects } = await setUp();
    await objects.prepare(signal);
    const { bucket: Bucket } = settings();
    const findHalf = async () => (await client.send(new ListMultipartUploadsCommand({ Bucket }))).Uploads?.[0];
    // A race against an upload to this machine: it is run until the rule wins it.
    for (let round = 1; ; round++) {
      let isOver = false;
      const putting = blobs
        .put(toStream(randomBytes(49_000_000)), options)
        .catch((error: unknown) => error)
        .finally(() => {
          isOver = true;
        });
      const half = await vi.waitUntil(async () => (await findHalf()) ?? isOver, { interval: 5, timeout: 30_000 });
      if (half !== true) {
        const { Key, UploadId } = half;
        await client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId })).catch(() => undefined);
      }
      const outcome = await putting;
      if (!(outcome instanceof Error) && round < 20) continue;
      expect(outcome).toMatchObject({ code: "unavailable" });
      return;
    }
  }, 120_000);

  it("that a crash left in parts are dropped when they are old, and only then", async () => {
    const { objects } = await setUp();
    await objects.prepare(signal);
    await begin("ours/half");
    expect(await objects.dropHalves("ours/", isMoto ? MANY_YEARS_MS : 3_600_000, signal)).toBe(0);
    expect(await objects.dropHalves("ours/", -60_000, signal)).toBe(1);
    expect(await countStored()).toBe(0);
  });

  it("that another deployment, or another program, sends to the same bucket in parts are left alone", async () => {
    const { objects } = await setUp();
    await objects.prepare(signal);
    for (const key of ["backups/half", "theirs/half", "half"]) await begin(key);
    expect(await objects.dropHalves("ours/", -60_000, signal)).toBe(0);
    expect(await countStored()).toBe(3);
  });

  it.skipIf(isMoto)("open through a link of the store itself, with the type and the name they have", async () => {
    const { blobs, objects } = await setUp();
    const { location } = await blobs.put(toStream(Buffer.from("a picture")), options);
    const link = { name: "portrait.png", type: "image/png", disposition: "attachment", ttlSeconds: 3_600 } as const;
    const answer = await fetch(await objects.sign(location.slice("s3:".length), link, signal));
    expect(await answer.text()).toBe("a picture");
    expect(answer.headers.get("content-type")).toBe("image/png");
    expect(answer.headers.get("content-disposition")).toContain('attachment; filename="portrait.png"');
  });

  it("are out of reach while nothing answers, which may be well the next time", async () => {
    const away = createS3Store({ ...settings(), endpoint: "http://127.0.0.1:9" });
    await expect(away.prepare(signal)).rejects.toMatchObject({ code: "unavailable" });
    await expect(away.open(`ab/${"ab".repeat(32)}`, { signal })).rejects.toMatchObject({ code: "unavailable" });
    away.close();
  });
});

describe.skipIf(!program)("the bucket", () => {
  it("is made when it is not there, and nothing stays of the look at it", async () => {
    const { objects } = await setUp();
    await objects.prepare(signal);
    await objects.prepare(signal);
    expect(await countStored()).toBe(0);
  });

  it("that anybody can read is refused with a sentence", async () => {
    const { objects } = await setUp();
    await objects.prepare(signal);
    const { bucket: Bucket } = settings();
    const Statement = [
      { Effect: "Allow", Principal: "*", Action: "s3:GetObject", Resource: `arn:aws:s3:::${Bucket}/*` },
    ];
    await client.send(
      new PutBucketPolicyCommand({ Bucket, Policy: JSON.stringify({ Version: "2012-10-17", Statement }) }),
    );
    await expect(objects.prepare(signal)).rejects.toThrow(
      `S3_BUCKET: anybody can read the bucket ${Bucket} without a key.`,
    );
  });
});
