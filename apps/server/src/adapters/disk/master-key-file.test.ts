import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { readMasterKeyFile } from "./master-key-file.ts";

async function createFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "master-key-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

it("makes a master key once, for its owner's eyes alone, and gives the same one after every start", async () => {
  const folder = join(await createFolder(), "data");
  const made = await readMasterKeyFile(folder);
  expect(made.key).toHaveLength(32);
  expect(await readMasterKeyFile(folder)).toEqual(made);
  expect((await stat(join(folder, "master.key"))).mode & 0o777).toBe(0o600);
  expect(await readdir(folder)).toEqual(["master.key"]);
});

it("gives one key to all processes that start together in one folder", async () => {
  const folder = await createFolder();
  const keys = await Promise.all(Array.from({ length: 20 }, () => readMasterKeyFile(folder)));
  expect(new Set(keys.map(({ key }) => Buffer.from(key).toString("hex"))).size).toBe(1);
  expect(await readdir(folder)).toEqual(["master.key"]);
});

it.each(["", "not a key", `a:${"A".repeat(42)}=`, "half:QUJD"])(
  "refuses a file that holds something else, and leaves it as it is: %j",
  async (text) => {
    const folder = await createFolder();
    const path = join(folder, "master.key");
    await writeFile(path, text);
    await expect(readMasterKeyFile(folder)).rejects.toThrow(/does not hold a master key/);
    expect(await readFile(path, "utf8")).toBe(text);
  },
);
