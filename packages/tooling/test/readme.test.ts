import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { root } from "../src/run-command.ts";

const read = (path: string) => readFileSync(join(root, path), "utf8");
const documents = ["README.md", "CONTRIBUTING.md", "AGENTS.md", "docs/architecture.md"];

describe("the README", () => {
  it("names every environment variable of the service, and none that it does not read", () => {
    const schema =
      /const environment = z\.object\(\{([\s\S]*?)^\}\);/m.exec(read("apps/server/src/config.ts"))?.[1] ?? "";
    const known = [...schema.matchAll(/^ {2}([A-Z][A-Z_]+):/gm)].map(([, name]) => name);
    expect(known).toContain("COMFYUI_URL");
    const table = /^\| variable \|.*$([\s\S]*?)^$/m.exec(read("README.md"))?.[1] ?? "";
    const rows = table.split("\n").map((row) => row.split("|")[1] ?? "");
    const shown = rows.flatMap((cell) => [...cell.matchAll(/`([A-Z][A-Z_]+)`/g)].map(([, name]) => name));
    expect(shown.sort()).toEqual(known.sort());
  });
});

describe.each(documents)("%s", (document) => {
  const text = read(document);

  it("mentions only commands that there are", () => {
    const { scripts } = JSON.parse(read("package.json"));
    const names = [...text.matchAll(/npm run ([\w-]+)/g)].map(([, name]) => name);
    expect(names.filter((name) => !(name && name in scripts))).toEqual([]);
  });

  it("mentions only paths that there are", () => {
    const paths = [...text.matchAll(/`((?:apps|packages|contracts|workflows|docs|\.ci)\/[\w./-]*[\w])`?/g)].map(
      ([, path]) => path ?? "",
    );
    const missing = paths.filter((path) => !existsSync(join(root, path)));
    expect(missing).toEqual([]);
  });
});
