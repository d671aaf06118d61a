import { randomBytes } from "node:crypto";
import { buffer } from "node:stream/consumers";
import { inspect } from "node:util";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { testBlobStore } from "../../../test/ports/blob-store.suite.ts";
import { setUpCloud } from "../../../test/storage/cloud-set-up.ts";
import { type SupabaseDouble, startSupabase } from "../../../test/storage/supabase-double.ts";
import { createSupabaseStore } from "./create-supabase-store.ts";

let supabase: SupabaseDouble;
const closing: AsyncDisposable[] = [];
const signal = new AbortController().signal;
const options = { sizeBytesMax: 50_000_000, signal };
let buckets = 0;

beforeAll(async () => {
  supabase = await startSupabase();
});
afterAll(() => supabase.close());
beforeEach(() => {
  buckets += 1;
});
afterEach(async () => {
  for (const one of closing.splice(0)) await one[Symbol.asyncDispose]();
});

const settings = () => ({ url: supabase.url, secretKey: supabase.secretKey, bucket: `bucket-${buckets}` });

async function setUp(bucket: Partial<ReturnType<typeof settings>> = {}) {
  const objects = createSupabaseStore({ ...settings(), ...bucket });
  const cloud = await setUpCloud(objects);
  closing.push(cloud);
  const count = async () => {
    const stored = supabase.objects.buckets.get(settings().bucket)?.objects.size ?? 0;
    return stored + (await cloud.countSpooled());
  };
  return { ...cloud, objects, count };
}

async function* toStream(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

describe("blobs in Supabase Storage", () => {
  testBlobStore(setUp);

  it("go in chunks when they are large, and come back whole", async () => {
    const { blobs } = await setUp();
    const bytes = randomBytes(13_000_000);
    supabase.requests.length = 0;
    const { location } = await blobs.put(toStream(bytes), { ...options, type: "video/mp4" });
    expect(supabase.requests.filter((line) => line.startsWith("PATCH"))).toHaveLength(3);
    expect(bytes.equals(await buffer(await blobs.open(location, { signal })))).toBe(true);
    expect(supabase.objects.find(settings().bucket, location.slice("supabase:".length)).type).toBe("video/mp4");
  });

  it("are not sent again when the store has them", async () => {
    const { blobs } = await setUp();
    await blobs.put(toStream(Buffer.from("the same")), options);
    supabase.requests.length = 0;
    await blobs.put(toStream(Buffer.from("the same")), options);
    expect(supabase.requests.filter((line) => line.startsWith("POST"))).toEqual([]);
  });

  it("are written down before the first byte leaves, so that a crash leaves nothing unknown", async () => {
    const { blobs, ledger } = await setUp();
    supabase.fail({ match: /^POST \/object\//, times: 1, statusCode: 500, code: "InternalError" });
    await expect(blobs.put(toStream(Buffer.from("lost")), options)).rejects.toMatchObject({ code: "unavailable" });
    expect(ledger.announced).toHaveLength(1);
  });

  it.each([
    [500, "InternalError"],
    [503, "SlowDown"],
    [544, "DatabaseTimeout"],
    [423, "ResourceLocked"],
    [403, "AccessDenied"],
  ])("are tried again after status %i, from the copy on this machine", async (statusCode, code) => {
    const { blobs, count } = await setUp();
    let reads = 0;
    async function* once() {
      reads += 1;
      yield Buffer.from(`after ${statusCode}`);
    }
    supabase.fail({ match: /^POST \/object\//, times: 3, statusCode, code });
    const { location } = await blobs.put(once(), { ...options, patience: AbortSignal.timeout(20_000) });
    expect((await buffer(await blobs.open(location, { signal }))).toString()).toBe(`after ${statusCode}`);
    expect(reads).toBe(1);
    expect(await count()).toBe(1);
  });

  it.each([100, 7_000_000])("of %i bytes that cannot be stored tell why, without the key", async (sizeBytes) => {
    const { blobs } = await setUp();
    supabase.fail({ match: /^POST \/(object\/bucket|upload)/, times: 9, statusCode: 500, code: "InternalError" });
    const error: unknown = await blobs
      .put(toStream(randomBytes(sizeBytes)), options)
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "unavailable", cause: expect.any(Error) });
    expect(inspect(error, { depth: 20, showHidden: true })).not.toContain(supabase.secretKey);
    supabase.heal();
  });

  it.each([100, 7_000_000])(
    "of %i bytes wait for a bucket that vanished: nothing is gone for who uploads",
    async (sizeBytes) => {
      const { blobs } = await setUp();
      await blobs.put(toStream(Buffer.from("the first")), options);
      const bucket = supabase.objects.bucketOf(settings().bucket);
      supabase.objects.buckets.delete(settings().bucket);
      const bytes = randomBytes(sizeBytes);
      await expect(blobs.put(toStream(bytes), options)).rejects.toMatchObject({ code: "unavailable" });
      supabase.requests.length = 0;
      const putting = blobs.put(toStream(bytes), { ...options, patience: AbortSignal.timeout(20_000) });
      await expect.poll(() => supabase.requests.filter((line) => line.startsWith("POST")).length).toBeGreaterThan(0);
      supabase.objects.buckets.set(settings().bucket, bucket);
      const { location } = await putting;
      expect(bytes.equals(await buffer(await blobs.open(location, { signal })))).toBe(true);
    },
  );

  it("of two deployments that share the bucket are two objects: neither removes what the other needs", async () => {
    const [staging, production] = [await setUp(), await setUp()];
    const face = () => toStream(Buffer.from("the same face"));
    const [ours, theirs] = [await staging.blobs.put(face(), options), await production.blobs.put(face(), options)];
    await staging.blobs.delete(ours.location);
    expect((await buffer(await production.blobs.open(theirs.location, { signal }))).toString()).toBe("the same face");
  });

  it("that the store takes for too large are refused at once, however patient the caller is", async () => {
    const { blobs } = await setUp();
    await blobs.put(toStream(Buffer.from("the first")), options);
    const bucket = supabase.objects.bucketOf(settings().bucket);
    bucket.fileSizeLimit = 1_000_000;
    for (const sizeBytes of [2_000_000, 7_000_000]) {
      const put = blobs.put(toStream(randomBytes(sizeBytes)), { ...options, patience: AbortSignal.timeout(20_000) });
      await expect(put).rejects.toMatchObject({ code: "payload_too_large" });
    }
  });

  it("open through a link of the store itself, with the type and the name they have", async () => {
    const { blobs, objects } = await setUp();
    const { location } = await blobs.put(toStream(Buffer.from("a picture")), { ...options, type: "image/png" });
    const key = location.slice("supabase:".length);
    const link = { name: "portrait.png", type: "image/png", ttlSeconds: 3_600 } as const;
    const shown = await fetch(await objects.sign(key, { ...link, disposition: "inline" }, signal));
    expect([await shown.text(), shown.headers.get("content-type")]).toEqual(["a picture", "image/png"]);
    const saved = await fetch(await objects.sign(key, { ...link, disposition: "attachment" }, signal));
    expect(saved.headers.get("content-disposition")).toContain("portrait.png");
    await expect(
      objects.sign(`00/${"0".repeat(64)}`, { ...link, disposition: "inline" }, signal),
    ).rejects.toMatchObject({
      code: "output_unavailable",
    });
  });
});

describe("the bucket", () => {
  it("is made, private, when it is not there, also by two processes at once", async () => {
    const [one, other] = [createSupabaseStore(settings()), createSupabaseStore(settings())];
    await Promise.all([one.prepare(signal), other.prepare(signal)]);
    expect(supabase.objects.bucketOf(settings().bucket).public).toBe(false);
  });

  it("is made private when everybody could read it", async () => {
    const { bucket } = settings();
    supabase.objects.buckets.set(bucket, { public: true, fileSizeLimit: null, objects: new Map() });
    await createSupabaseStore(settings()).prepare(signal);
    expect(supabase.objects.bucketOf(bucket).public).toBe(false);
  });

  it("that stays public is refused with a sentence, and gets no byte", async () => {
    const { bucket } = settings();
    supabase.objects.buckets.set(bucket, { public: true, fileSizeLimit: null, objects: new Map() });
    supabase.fail({ match: /^PUT \/bucket\//, times: 2, statusCode: 403, code: "AccessDenied" });
    const { blobs, objects } = await setUp();
    await expect(objects.prepare(signal)).rejects.toThrow(
      `SUPABASE_BUCKET: anybody can read the bucket ${bucket} without a key, and it cannot be made private`,
    );
    await expect(blobs.put(toStream(Buffer.from("x")), options)).rejects.toMatchObject({ code: "unavailable" });
    expect(supabase.objects.bucketOf(bucket).objects.size).toBe(0);
  });

  it("is not opened by a wrong key: a sentence says which variable to look at", async () => {
    const store = createSupabaseStore({ ...settings(), secretKey: "sb_secret_wrong" });
    await expect(store.prepare(signal)).rejects.toThrow(/^SUPABASE_BUCKET: the bucket .* cannot be opened: .*403/);
  });

  it("of a store that does not answer is no mistake of the operator", async () => {
    supabase.setDown(true);
    try {
      await expect(createSupabaseStore(settings()).prepare(signal)).rejects.toMatchObject({ code: "unavailable" });
    } finally {
      supabase.setDown(false);
    }
  });
});
