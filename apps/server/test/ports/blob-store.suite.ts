import { createHash, randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { setTimeout as wait } from "node:timers/promises";
import { expect, it } from "vitest";
import type { BlobStore } from "../../src/assets/blob-store.ts";

export interface BlobStoreFixture {
  readonly blobs: BlobStore;
  /** How many blobs and halves of blobs the store holds. */
  count(): Promise<number>;
}

const never = new AbortController().signal;
const sizeBytesMax = 10_000_000;

async function* toStream(bytes: Uint8Array, chunkSizeBytes = 65_536): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += chunkSizeBytes) yield bytes.subarray(at, at + chunkSizeBytes);
}

/** What every {@link BlobStore} promises. */
export function testBlobStore(create: () => Promise<BlobStoreFixture>): void {
  it("gives back the very bytes, and names their hash and size", async () => {
    const { blobs } = await create();
    const bytes = randomBytes(1_234_567);
    const stored = await blobs.put(toStream(bytes), { sizeBytesMax, signal: never });
    expect(stored).toMatchObject({
      sha256: createHash("sha256").update(bytes).digest("hex"),
      sizeBytes: bytes.length,
    });
    expect(bytes.equals(await buffer(await blobs.open(stored.location, { signal: never })))).toBe(true);
  });

  it("may be aborted while a blob is being opened, before anybody reads it", async () => {
    const { blobs } = await create();
    const { location } = await blobs.put(toStream(randomBytes(300_000)), { sizeBytesMax, signal: never });
    const leaving = new AbortController();
    const opening = blobs.open(location, { signal: leaving.signal });
    leaving.abort();
    const stream = await opening.catch((error: unknown) => error);
    if (!(stream instanceof Readable)) return expect(stream).toBe(leaving.signal.reason);
    // An error that nobody hears ends the process; here it would end the run.
    await new Promise((resolve) => stream.once("close", resolve));
    expect(stream.errored).toBeInstanceOf(Error);
  });

  it("keeps an empty file, and a file of one byte", async () => {
    const { blobs } = await create();
    for (const bytes of [Buffer.alloc(0), Buffer.from("x")]) {
      const { location, sizeBytes } = await blobs.put(toStream(bytes), { sizeBytesMax, signal: never });
      expect(sizeBytes).toBe(bytes.length);
      expect(await buffer(await blobs.open(location, { signal: never }))).toEqual(bytes);
    }
  });

  it("keeps equal bytes once, also when they come at the same time", async () => {
    const { blobs, count } = await create();
    const bytes = randomBytes(300_000);
    const all = await Promise.all(
      [1_000, 65_536, 300_000].map((size) => blobs.put(toStream(bytes, size), { sizeBytesMax, signal: never })),
    );
    expect(new Set(all.map((stored) => stored.location)).size).toBe(1);
    expect(await count()).toBe(1);
    expect(bytes.equals(await buffer(await blobs.open(all[0]?.location ?? "", { signal: never })))).toBe(true);
  });

  it("opens a range with both of its ends", async () => {
    const { blobs } = await create();
    const { location } = await blobs.put(toStream(Buffer.from("0123456789")), { sizeBytesMax, signal: never });
    const read = async (start: number, end: number) =>
      (await buffer(await blobs.open(location, { range: { start, end }, signal: never }))).toString();
    expect(await read(0, 0)).toBe("0");
    expect(await read(3, 5)).toBe("345");
    expect(await read(9, 9)).toBe("9");
  });

  it("takes a file of exactly the limit, and keeps nothing of one that is a byte larger", async () => {
    const { blobs, count } = await create();
    const bytes = randomBytes(100_000);
    await expect(blobs.put(toStream(bytes), { sizeBytesMax: 99_999, signal: never })).rejects.toMatchObject({
      code: "payload_too_large",
    });
    expect(await count()).toBe(0);
    await expect(blobs.put(toStream(bytes), { sizeBytesMax: 100_000, signal: never })).resolves.toBeDefined();
  });

  it("keeps nothing of a stream that breaks, and passes its error on", async () => {
    const { blobs, count } = await create();
    const broken = new Error("the sender vanished");
    async function* half(): AsyncGenerator<Uint8Array> {
      yield randomBytes(70_000);
      throw broken;
    }
    await expect(blobs.put(half(), { sizeBytesMax, signal: never })).rejects.toBe(broken);
    expect(await count()).toBe(0);
  });

  it("stops at the signal although the stream is silent, and keeps nothing", async () => {
    const { blobs, count } = await create();
    const controller = new AbortController();
    const reason = new Error("the caller left");
    async function* silent(): AsyncGenerator<Uint8Array> {
      yield randomBytes(70_000);
      queueMicrotask(() => controller.abort(reason));
      await wait(3_600_000, undefined, { ref: false });
    }
    await expect(blobs.put(silent(), { sizeBytesMax, signal: controller.signal })).rejects.toBe(reason);
    expect(await count()).toBe(0);
  });

  it("says that bytes are gone, also for places that never were", async () => {
    const { blobs } = await create();
    const { location } = await blobs.put(toStream(Buffer.from("x")), { sizeBytesMax, signal: never });
    await blobs.delete(location);
    await blobs.delete(location);
    await expect(blobs.open(location, { signal: never })).rejects.toMatchObject({ code: "output_unavailable" });
  });

  it.each([
    ["../../etc/passwd"],
    ["/etc/passwd"],
    [""],
    ["."],
    ["..%2f..%2fetc"],
    [`aa/${"a".repeat(64)}/../x`],
    ["aa\0"],
  ])("opens and deletes nothing outside of itself: %j", async (location) => {
    const { blobs } = await create();
    await expect(blobs.open(location, { signal: never })).rejects.toMatchObject({ code: "output_unavailable" });
    await expect(blobs.delete(location)).rejects.toMatchObject({ code: "output_unavailable" });
  });
}
