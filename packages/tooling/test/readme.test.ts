import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { root } from "../src/run-command.ts";

const read = (path: string) => readFileSync(join(root, path), "utf8");
const documents = [
  "README.md",
  "CONTRIBUTING.md",
  "AGENTS.md",
  "docs/architecture.md",
  "packages/client/README.md",
  "packages/comfyui-emulator/README.md",
];

/** The cells of a table whose first column has this head. */
function rowsOf(text: string, head: string): string[][] {
  const table = new RegExp(`^\\| ${head} \\|.*\\n\\|[-|]+\\n((?:\\|.*\\n)+)`, "m").exec(text)?.[1] ?? "";
  const lines = table.split("\n").filter((line) => line !== "");
  return lines.map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

/** The variables of the service as its source lists them; what `config.ts` spreads is looked up in the files beside it. */
function readSchema(): string {
  const all = /const environment = z\.object\(\{([\s\S]*?)^\}\);/m.exec(read("apps/server/src/config.ts"))?.[1] ?? "";
  const files = readdirSync(join(root, "apps/server/src/config")).filter((name) => !name.endsWith(".test.ts"));
  const parts = files.flatMap((name) => [
    ...read(`apps/server/src/config/${name}`).matchAll(/^export const (\w+) = \{\n([\s\S]*?)^\}/gm),
  ]);
  const bodies = new Map(parts.map(([, name = "", body = ""]) => [name, body]));
  const flat = all.replace(/^ {2}\.\.\.(\w+),\n/gm, (_, name: string) => bodies.get(name) ?? "");
  return flat.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "").replace(/^\s*\n/gm, "");
}

describe("the README", () => {
  const schema = readSchema();
  const variables = [...schema.matchAll(/^ {2}([A-Z][A-Z0-9_]+):([\s\S]*?),$(?=\n {2}[A-Z]|\n*$)/gm)].map(
    ([, name = "", rule = ""]) => ({ name, rule }),
  );
  // Which backends there are is read apart, because either of two variables says it.
  const [, taken = ""] = /^ {2}const \{([^}]*)\} = env;$/m.exec(read("apps/server/src/config/backends.ts")) ?? [];
  for (const [name] of taken.matchAll(/[A-Z][A-Z_]+/g)) variables.push({ name, rule: "" });
  /** Name and default of each variable, as the table shows them. */
  const shown = rowsOf(read("README.md"), "variable").flatMap(([names = "", , defaults = ""]) => {
    const values = defaults.split(", ").map((text) => text.replaceAll("`", ""));
    return names.split(", ").map((name, index) => ({ name: name.replaceAll("`", ""), value: values[index] }));
  });

  it("names every environment variable of the service, and none that it does not read", () => {
    expect(variables.length).toBeGreaterThan(15);
    expect(shown.map(({ name }) => name).sort()).toEqual(variables.map(({ name }) => name).sort());
  });

  it("shows the defaults that the service has", () => {
    for (const { name, rule } of variables) {
      const text = /(?:\.default|seconds)\(([^)]*)\)/.exec(rule)?.[1];
      // Lists are empty by default; a product is written as its factors.
      if (text === undefined || text === "[]") continue;
      const value = /^[\d_* ]+$/.test(text)
        ? text.split("*").reduce((product, factor) => product * Number(factor.replaceAll("_", "")), 1)
        : text;
      const found = shown.find((variable) => variable.name === name)?.value;
      expect(`${name}=${found}`).toBe(`${name}=${String(value).replaceAll('"', "")}`);
    }
  });

  it("shows the limits of each tier as the contract has them", () => {
    const source = read("contracts/api/src/tiers.ts");
    const rows = rowsOf(read("README.md"), "tier");
    expect(rows).toHaveLength(4);
    for (const [tier = "", ...cells] of rows) {
      const name = tier.replaceAll("`", "").replace(/_$/, "");
      const block = new RegExp(`^  ${name}: \\{([\\s\\S]*?)^  \\},$`, "m").exec(source)?.[1] ?? "";
      const limits = ["requestsPerMinute", "requestsPerHour", "generationsPerDay", "concurrentJobs"].map((limit) =>
        new RegExp(`${limit}: (\\w+)`).exec(block)?.[1]?.replaceAll("_", ""),
      );
      expect(cells.map((cell) => cell.replaceAll(",", "").replace("unlimited", "null"))).toEqual(limits);
    }
  });
});

describe("the picture of the architecture", () => {
  const text = read("docs/architecture.md");
  const names = (folder: string) =>
    readdirSync(join(root, folder), { withFileTypes: true })
      .map(({ name }) => name.replace(/\.ts$/, ""))
      .filter((name) => !name.endsWith(".test"));

  it("shows every workspace", () => {
    const workspaces = ["contracts", "packages", "apps"].flatMap((folder) =>
      names(folder).map((name) => `${folder}/${name}`),
    );
    expect(workspaces.filter((name) => !new RegExp(`^${name} `, "m").test(text))).toEqual([]);
  });

  it("shows every room of the server, and none that there is not", () => {
    const picture = /## Inside the server\n\n```\n([\s\S]*?)```/.exec(text)?.[1] ?? "";
    const rooms = new Set(names("apps/server/src"));
    const cells = new Set(picture.split(/\n| {2,}/).flatMap((cell) => cell.split(", ")));
    expect([...rooms].filter((name) => !cells.has(name))).toEqual([]);
    const heads = picture.split("\n").flatMap((line) => /^[a-z, ]+?(?= {2,}|$)/.exec(line)?.[0].split(", ") ?? []);
    expect(heads.filter((name) => name && !rooms.has(name))).toEqual([]);
    const backDoor = /^Behind the back door[\s\S]*?\n\n((?:\|.*\n)+)/m.exec(text)?.[1] ?? "";
    const duties = [...backDoor.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, name]) => name);
    expect(new Set(duties)).toEqual(new Set(names("apps/server/src/worker")));
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
