import { mkdir, mkdtemp, readdir, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { afterEach, describe, expect, it } from "vitest";
import { createDiskBlobStore } from "./blob-store.ts";
import { createLocalRemains } from "./local-remains.ts";
import { createDiskSpool } from "./spool.ts";

const directories: string[] = [];
afterEach(async () => {
  for (const directory of directories.splice(0)) await rm(directory, { recursive: true, force: true });
});

const signal = new AbortController().signal;
const options = { sizeBytesMax: 1_000, signal };
const HOUR_MS = 3_600_000;

async function* toStream(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

async function setUp(deploymentId = "ours") {
  const directory = await mkdtemp(join(tmpdir(), "remains-"));
  directories.push(directory);
  const blobs = await createDiskBlobStore({ directory });
  const remains = await createLocalRemains({ directory, deploymentId });
  if (!remains) throw new Error("The folder is another's.");
  const age = async (location: string) => {
    const then = new Date(Date.now() - 2 * HOUR_MS);
    await utimes(join(directory, location), then, then);
  };
  return { directory, blobs, remains, age };
}

describe("what lies on a disk", () => {
  it("is listed when it is old, and nothing that is no blob", async () => {
    const { directory, blobs, remains, age } = await setUp();
    const old = await blobs.put(toStream("old"), options);
    await blobs.put(toStream("fresh"), options);
    await age(old.location);
    await mkdir(join(directory, "zz"));
    await writeFile(join(directory, "zz", "notes.txt"), "mine");
    const listed: string[] = [];
    for await (const location of remains.listStale(HOUR_MS)) listed.push(location);
    expect(listed).toEqual([old.location]);
  });

  it("is deleted when it is old, and kept when it was stored again since", async () => {
    const { directory, blobs, remains, age } = await setUp();
    const { location } = await blobs.put(toStream("bytes"), options);
    await age(location);
    await blobs.put(toStream("bytes"), options);
    expect(await remains.deleteStale(location, HOUR_MS)).toBe(false);
    expect((await buffer(await blobs.open(location, { signal }))).toString()).toBe("bytes");
    await age(location);
    expect(await remains.deleteStale(location, HOUR_MS)).toBe(true);
    expect(await remains.deleteStale(location, HOUR_MS)).toBe(true);
    expect(await readdir(join(directory, "incoming"))).toEqual([]);
    await expect(blobs.open(location, { signal })).rejects.toMatchObject({ code: "output_unavailable" });
  });

  it("is still there, or there again, however often equal bytes are stored while it is being deleted", async () => {
    const { blobs, remains, age } = await setUp();
    for (let round = 0; round < 30; round++) {
      const { location } = await blobs.put(toStream("raced"), options);
      await age(location);
      const storing = blobs.put(toStream("raced"), options);
      await Promise.all([remains.deleteStale(location, HOUR_MS), remains.deleteStale(location, HOUR_MS), storing]);
      expect((await buffer(await blobs.open(location, { signal }))).toString()).toBe("raced");
    }
  });

  it("is left alone when the folder belongs to another deployment", async () => {
    const { directory } = await setUp("theirs");
    expect(await createLocalRemains({ directory, deploymentId: "ours" })).toBeUndefined();
    expect(await createLocalRemains({ directory, deploymentId: "theirs" })).toBeDefined();
  });

  it.each(["../x", "/etc/passwd", "ab/cd", ""])("is never deleted by another name: %j", async (location) => {
    const { remains } = await setUp();
    await expect(remains.deleteStale(location, HOUR_MS)).rejects.toThrow("is no place of a blob");
  });
});

describe("a spool", () => {
  it("holds files for this user alone, until they are disposed of", async () => {
    const { directory } = await setUp();
    const spool = await createDiskSpool({ directory: join(directory, "spool") });
    const file = await spool.write(toStream("secret"), options);
    expect(((await stat(file.path)).mode & 0o777).toString(8)).toBe("600");
    expect(file).toMatchObject({ sizeBytes: 6 });
    await file[Symbol.asyncDispose]();
    expect(await readdir(join(directory, "spool"))).toEqual([]);
  });

  it("drops what a crash left, when it is old", async () => {
    const { directory } = await setUp();
    const spool = await createDiskSpool({ directory: join(directory, "spool") });
    const file = await spool.write(toStream("left behind"), options);
    expect(await spool.dropHalves(HOUR_MS)).toBe(0);
    const then = new Date(Date.now() - 2 * HOUR_MS);
    await utimes(file.path, then, then);
    expect(await spool.dropHalves(HOUR_MS)).toBe(1);
  });
});
