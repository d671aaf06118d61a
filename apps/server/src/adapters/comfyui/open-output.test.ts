import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { setUpCloud } from "../../../test/storage/cloud-set-up.ts";
import type { ObjectStore } from "../../assets/object-store.ts";
import { createStoreFile } from "../../assets/store-file.ts";
import { createTypeSniffer } from "../sniff/type-sniffer.ts";
import { createOpenOutput } from "./open-output.ts";
import { createOutputMemory } from "./output-memory.ts";

setFlagsFromString("--expose-gc");
const collectGarbage: () => void = runInNewContext("gc");

const file = { node: "9", index: 0, name: "a.png", reference: { filename: "a.png" } };
const SIZE_BYTES = 1_000_000;

/** Outputs of which one fits into the memory for them. */
function setUp() {
  const memory = createOutputMemory(SIZE_BYTES);
  let last: WeakRef<Uint8Array> | undefined;
  const openOutput = createOpenOutput(
    {
      async fetch(_, { allot }) {
        const bytes = allot?.(SIZE_BYTES);
        if (!bytes) throw new Error("There was no memory for the file.");
        last = new WeakRef(bytes);
        return { bytes, sizeBytes: bytes.length, contentType: "image/png" };
      },
    },
    memory,
  );
  const isFree = () => {
    const taken = memory.take(SIZE_BYTES);
    if (taken) memory.giveBack(taken);
    return taken !== undefined;
  };
  const isInMemory = () => {
    collectGarbage();
    return last?.deref() !== undefined;
  };
  return { openOutput, isFree, isInMemory };
}

describe("the memory of a small output", () => {
  it("counts until its bytes were read, not only until they arrived", async () => {
    const { openOutput, isFree } = setUp();
    const iterator = (await openOutput(file, new AbortController().signal))[Symbol.asyncIterator]();
    expect(isFree()).toBe(false);
    expect((await iterator.next()).value).toHaveLength(SIZE_BYTES);
    expect(isFree()).toBe(false);
    expect(await iterator.next()).toMatchObject({ done: true });
    expect(isFree()).toBe(true);
  });

  it("is free again when nobody reads it: its reader left, or turned away", async () => {
    const { openOutput, isFree } = setUp();
    const leaving = new AbortController();
    await openOutput(file, leaving.signal);
    leaving.abort();
    expect(isFree()).toBe(true);
    const body = await openOutput(file, new AbortController().signal);
    await body[Symbol.asyncIterator]().return?.();
    expect(isFree()).toBe(true);
  });

  it("is free while a store that is down is waited for: its copy on the disk is enough", async () => {
    const { openOutput, isFree, isInMemory } = setUp();
    const up = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    const objects = {
      name: "s3",
      prepare: async () => undefined,
      upload: () => {
        asked.resolve();
        return up.promise;
      },
      close: () => undefined,
    } as unknown as ObjectStore; // nothing else of it is asked for
    await using cloud = await setUpCloud(objects);
    const storeFile = createStoreFile({
      ...cloud,
      sniffer: createTypeSniffer(),
      checkPicture: (_, body) => keep(body),
    });
    const { signal } = new AbortController();
    const open = () => openOutput(file, signal);
    const storing = open().then((body) =>
      storeFile({ name: "a.png", body, source: "output", sizeBytesMax: SIZE_BYTES, signal, patience: signal }),
    );
    await asked.promise;
    expect(isFree()).toBe(true);
    await expect.poll(isInMemory).toBe(false);
    up.resolve();
    expect((await storing).blob.sizeBytes).toBe(SIZE_BYTES);
  });
});

async function* keep(body: AsyncIterable<Uint8Array>) {
  yield* body;
}
