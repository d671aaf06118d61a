import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { checkHouseRules } from "../src/house-rules.ts";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** What the rules say of a checkout that holds these files. */
async function judge(files: Record<string, string>): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "comfy rules "));
  folders.push(folder);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return (await checkHouseRules(folder)).output;
}

const lines = (count: number) => "x;\n".repeat(count);

describe("the house rules", () => {
  it.each(["apps/a/src/long.ts", "apps/a/src/x.test.ts", "apps/a/test/server.ts"])(
    "let 250 lines of %s pass and stop at one more",
    async (path) => {
      expect(await judge({ [path]: lines(250) })).toBe("");
      expect(await judge({ [path]: lines(251) })).toContain(`${path} has 251 lines`);
    },
  );

  it("let generated files be as long as they need", async () => {
    const paths = ["apps/a/src/generated/types.ts", "apps/a/dist/x.js"];
    expect(await judge(Object.fromEntries(paths.map((path) => [path, lines(900)])))).toBe("");
  });

  it.each([
    "apps/a/src/utils.ts",
    "apps/a/src/helpers/date.ts",
    "apps/a/src/job-manager.ts",
    "packages/common/src/index.ts",
    "apps/a/src/service.ts",
  ])("refuse the empty name %s", async (path) => {
    expect(await judge({ [path]: "" })).toMatch(/^.*says nothing; name it after what it is about\.\n$/);
  });

  it.each(["apps/a/src/shared-link.ts", "apps/a/src/utility-token.ts", "apps/a/test/fake-service.ts"])(
    "accept the full name %s",
    async (path) => expect(await judge({ [path]: "" })).toBe(""),
  );

  it("refuse notes to come back", async () => {
    expect(await judge({ "apps/a/src/a.ts": "// TODO: later\n" })).toContain("apps/a/src/a.ts holds a note");
  });

  it("refuse the pathname of a file's URL, which is no path when there is a space in it", async () => {
    const text = ['const main = new URL("x", import.meta.url)', "pathname;\n"].join(".");
    expect(await judge({ "apps/a/test/a.test.ts": text })).toContain("use fileURLToPath");
  });

  it("let one file per workspace read the environment, and name the others", async () => {
    const reads = "const { A } = process.env;\n";
    const one = { "apps/a/src/environment.ts": reads, "apps/b/src/config.ts": reads, "apps/a/test/x.test.ts": reads };
    expect(await judge(one)).toBe("");
    const two = { ...one, "apps/a/src/deep/other.ts": 'import { env } from "node:process";\n' };
    expect(await judge(two)).toContain("apps/a reads the environment in 2 files");
  });
});
