import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { expect, it } from "vitest";
import type { BlobStore } from "./blob-store.ts";
import { createRoutedBlobStore } from "./routed-blob-store.ts";

const signal = new AbortController().signal;
const options = { sizeBytesMax: 100, signal };

async function* nothing(): AsyncGenerator<Uint8Array> {}

/** A store that tells what it was asked. */
function createTeller(name: string, done: string[]): BlobStore {
  const prefix = name === "disk" ? "" : `${name}:`;
  return {
    async put() {
      done.push(`${name} put`);
      return { sha256: "s", sizeBytes: 1, location: `${prefix}aa/s` };
    },
    open: async (location) => Readable.from([Buffer.from(`${name} opened ${location}`)]),
    delete: async (location) => void done.push(`${name} deleted ${location}`),
  };
}

function setUp(kept?: string) {
  const done: string[] = [];
  const local = createTeller("disk", done);
  const cloud = { name: "s3", blobs: createTeller("s3", done) };
  return { done, blobs: createRoutedBlobStore({ local, cloud, ledger: { findKept: async () => kept } }) };
}

it("new bytes go outside, and what may not leave this machine stays on it", async () => {
  const { blobs, done } = setUp();
  expect((await blobs.put(nothing(), options)).location).toBe("s3:aa/s");
  // Unless equal bytes arrive outside in the meantime.
  const local = await blobs.put(nothing(), { ...options, isLocal: true });
  expect(local).toMatchObject({ location: "aa/s", yieldsTo: "s3" });
  expect(done).toEqual(["s3 put", "disk put"]);
});

it("private bytes that are outside already, by another's wish, are read there", async () => {
  const { blobs, done } = setUp("s3:aa/s");
  expect((await blobs.put(nothing(), { ...options, isLocal: true })).location).toBe("s3:aa/s");
  expect(done).toEqual(["disk put"]);
});

it("every place is opened and deleted where it is, those of before too", async () => {
  const { blobs, done } = setUp();
  const read = async (location: string) => (await buffer(await blobs.open(location, { signal }))).toString();
  expect(await read("s3:aa/s")).toBe("s3 opened s3:aa/s");
  expect(await read("aa/s")).toBe("disk opened aa/s");
  await blobs.delete("s3:aa/s");
  await blobs.delete("aa/s");
  expect(done).toEqual(["s3 deleted s3:aa/s", "disk deleted aa/s"]);
});

it("a place in a store that is not connected is unavailable, with a sentence", async () => {
  const { blobs } = setUp();
  await expect(blobs.open("supabase:aa/s", { signal })).rejects.toMatchObject({
    code: "output_unavailable",
    message: "The file is kept in a store that is not connected.",
  });
});
