import { expect, it } from "vitest";
import { shareSyncs } from "./sync-folder.ts";

it("those who wait for one folder share the next look at the disk, never one that had begun before they came", async () => {
  const begun: { readonly folder: string; readonly end: (error?: Error) => void }[] = [];
  const sync = shareSyncs((folder) => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    begun.push({ folder, end: (error) => (error ? reject(error) : resolve()) });
    return promise;
  });
  const first = sync("aa");
  const [second, third] = [sync("aa"), sync("aa")];
  const other = sync("bb");
  expect(begun.map(({ folder }) => folder)).toEqual(["aa", "bb"]);
  begun[0]?.end(new Error("full"));
  await expect(first).rejects.toThrow("full");
  await expect.poll(() => begun.length).toBe(3);
  begun[2]?.end();
  begun[1]?.end();
  await Promise.all([second, third, other]);
  expect(begun.map(({ folder }) => folder)).toEqual(["aa", "bb", "aa"]);
});
