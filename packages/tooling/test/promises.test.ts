import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { checkPromises } from "../src/promises.ts";

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});

async function checkPage(table: string) {
  const folder = await mkdtemp(join(tmpdir(), "promises-"));
  folders.push(folder);
  await mkdir(join(folder, "docs/operations"), { recursive: true });
  await writeFile(join(folder, "docs/operations/reliability.md"), `| promise | held by |\n|---|---|\n${table}\n`);
  await writeFile(join(folder, "kept.test.ts"), `it("keeps what it accepted", () => {});\n`);
  return checkPromises(folder);
}

describe("the page of promises", () => {
  it("passes when every promise names a test that exists", async () => {
    expect(await checkPage("| Nothing is lost. | [keeps what it accepted](../../kept.test.ts) |")).toMatchObject({
      ok: true,
    });
  });

  it.each([
    ["without a test", "| Nothing is lost. | believed |", "names no test"],
    ["whose test has another title", "| Kept. | [forgets](../../kept.test.ts) |", 'has no test "forgets"'],
    ["whose test file is gone", "| Kept. | [keeps](../../gone.test.ts) |", "does not exist"],
    ["of nothing", "", "promises nothing"],
  ])("fails a promise %s", async (_name, table, complaint) => {
    const { ok, output } = await checkPage(table);
    expect(ok).toBe(false);
    expect(output).toContain(complaint);
  });
});
