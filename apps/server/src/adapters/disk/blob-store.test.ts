import { randomBytes } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, stat, truncate, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { afterEach, describe, expect, it } from "vitest";
import { testBlobStore } from "../../../test/ports/blob-store.suite.ts";
import { createDiskBlobStore } from "./blob-store.ts";

const directories: string[] = [];
async function makeDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "blobs-"));
  directories.push(directory);
  return directory;
}
afterEach(async () => {
  for (const directory of directories.splice(0)) await rm(directory, { recursive: true, force: true });
});

const options = { sizeBytesMax: 1_000, signal: new AbortController().signal };
async function* toStream(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

async function countFiles(directory: string): Promise<number> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).length;
}

describe("blobs on disk", () => {
  testBlobStore(async () => {
    const directory = await makeDirectory();
    return { blobs: await createDiskBlobStore({ directory }), count: () => countFiles(directory) };
  });

  it("are readable by this user alone", async () => {
    const directory = join(await makeDirectory(), "deep", "blobs");
    const blobs = await createDiskBlobStore({ directory });
    const { location } = await blobs.put(toStream("secret"), options);
    const modes = await Promise.all(
      [directory, join(directory, location.slice(0, 2)), join(directory, location)].map(async (path) =>
        ((await stat(path)).mode & 0o777).toString(8),
      ),
    );
    expect(modes).toEqual(["700", "700", "600"]);
  });

  it("are there after a restart, without the halves that a crash left", async () => {
    const directory = await makeDirectory();
    const { location } = await (await createDiskBlobStore({ directory })).put(toStream("kept"), options);
    const [old, fresh] = [join(directory, "incoming", "old"), join(directory, "incoming", "fresh")];
    await writeFile(old, "half");
    await writeFile(fresh, "another process is writing this");
    const twoHoursAgo = new Date(Date.now() - 7_200_000);
    await utimes(old, twoHoursAgo, twoHoursAgo);
    const blobs = await createDiskBlobStore({ directory });
    expect(await readdir(join(directory, "incoming"))).toEqual(["fresh"]);
    expect((await buffer(await blobs.open(location, options))).toString()).toBe("kept");
  });

  it("are named on the disk before they are said to be stored, and so is a folder that is new", async () => {
    const directory = await makeDirectory();
    const seen: string[] = [];
    const syncFolder = async (folder: string) => {
      const files = (await readdir(folder)).filter((name) => /^[0-9a-f]{64}$/.test(name)).length;
      seen.push(`${folder.slice(directory.length)}: ${files}`);
    };
    const blobs = await createDiskBlobStore({ directory, syncFolder });
    const { location } = await blobs.put(toStream("a row names it"), options);
    const folder = `/${location.slice(0, 2)}`;
    expect(seen).toEqual([`${folder}: 1`, ": 0"]);
    await blobs.put(toStream("a row names it"), options);
    expect(seen.slice(2)).toEqual([`${folder}: 1`]);
  });

  it("whose names do not reach the disk are not stored", async () => {
    const syncFolder = () => Promise.reject(new Error("EIO"));
    const blobs = await createDiskBlobStore({ directory: await makeDirectory(), syncFolder });
    await expect(blobs.put(toStream("lost"), options)).rejects.toMatchObject({ code: "unavailable" });
  });

  it("heal when the same bytes come again, while an old reader still reads", async () => {
    const directory = await makeDirectory();
    const blobs = await createDiskBlobStore({ directory });
    const { location } = await blobs.put(toStream("whole"), options);
    await truncate(join(directory, location), 2);
    await blobs.put(toStream("whole"), options);
    expect(await readFile(join(directory, location), "utf8")).toBe("whole");
    const reader = await blobs.open(location, options);
    await blobs.put(toStream("whole"), options);
    expect((await buffer(reader)).toString()).toBe("whole");
  });

  it("hold every byte of a long stream that was handed over, whose memory is given back piece by piece", async () => {
    const blobs = await createDiskBlobStore({ directory: await makeDirectory() });
    const content = randomBytes(3_000_000);
    const pieces: Uint8Array[] = [];
    async function* body() {
      for (let at = 0; at < content.length; at += 65_536) {
        const piece = Uint8Array.from(content.subarray(at, at + 65_536));
        pieces.push(piece);
        yield piece;
      }
    }
    const { signal } = options;
    const { location } = await blobs.put(body(), { sizeBytesMax: 3_000_000, signal, isHandedOver: true });
    expect(content.equals(await buffer(await blobs.open(location, { signal })))).toBe(true);
    expect(pieces.every(({ length }) => length === 0)).toBe(true);
  });

  it("leave the memory of a stream alone that was not handed over", async () => {
    const blobs = await createDiskBlobStore({ directory: await makeDirectory() });
    const piece = new Uint8Array(600_000).fill(1);
    async function* body() {
      yield piece;
      yield piece;
    }
    const { signal } = options;
    const { location } = await blobs.put(body(), { sizeBytesMax: 3_000_000, signal });
    expect((await buffer(await blobs.open(location, { signal }))).length).toBe(1_200_000);
    expect(piece).toHaveLength(600_000);
  });

  it("stop being read when the signal says so", async () => {
    const blobs = await createDiskBlobStore({ directory: await makeDirectory() });
    const { location } = await blobs.put(toStream("whole"), options);
    const controller = new AbortController();
    const reader = await blobs.open(location, { signal: controller.signal });
    controller.abort();
    await expect(buffer(reader)).rejects.toMatchObject({ name: "AbortError" });
    await expect(blobs.open(location, { signal: controller.signal })).rejects.toThrow();
  });

  it("say that they could not be stored when the folder is gone", async () => {
    const directory = await makeDirectory();
    const blobs = await createDiskBlobStore({ directory });
    await rm(directory, { recursive: true });
    await expect(blobs.put(toStream("x"), options)).rejects.toMatchObject({ code: "unavailable" });
  });
});
