import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Cruise, judgeRooms, judgeRules } from "../src/boundaries.ts";
import { root, runCommand } from "../src/run-command.ts";

/** Imports that must be refused, with the rule that refuses them. */
const refused = [
  ["contracts/api/src/a.ts", "packages/signing/src/b.ts", "workspaces"],
  ["workflows/src/a.ts", "packages/comfyui/src/b.ts", "workspaces"],
  ["packages/comfyui-emulator/src/a.ts", "packages/comfyui/src/b.ts", "workspaces"],
  ["packages/comfyui-emulator/test/a.test.ts", "packages/comfyui/src/b.ts", "workspaces-of-tests"],
  ["packages/client/src/a.ts", "contracts/api/src/b.ts", "sdk-without-contract"],
  ["apps/cli/src/a.ts", "apps/server/src/b.ts", "workspaces"],
  ["apps/cli/src/b.ts", "packages/signing/src/b.ts", "workspaces"],
  ["apps/server/src/a.ts", "packages/client/src/b.ts", "workspaces"],
  ["apps/server/src/http/a.ts", "apps/server/src/adapters/disk/b.ts", "server-doors"],
  ["apps/server/src/http/b.ts", "apps/server/src/worker/b.ts", "server-doors"],
  ["apps/server/src/worker/a.ts", "apps/server/src/adapters/disk/b.ts", "server-doors"],
  ["apps/server/src/adapters/disk/a.ts", "apps/server/src/adapters/fetch/b.ts", "server-rooms"],
  ["apps/server/src/adapters/disk/c.ts", "apps/server/src/http/d.ts", "server-adapters"],
  ["apps/server/src/generation/a.ts", "apps/server/src/jobs/b.ts", "server-matters"],
  ["apps/server/src/jobs/a.ts", "apps/server/src/adapters/disk/b.ts", "server-verbs"],
  ["apps/server/src/errors.ts", "apps/server/src/jobs/b.ts", "server-ground"],
  ["apps/server/src/http/e.ts", "apps/server/src/compose.ts", "server-top"],
  ["apps/server/src/http/f.ts", "apps/server/src/config.ts", "server-config"],
  ["workflows/src/c.ts", "workflows/src/d.ts", "no-circles"],
  ["workflows/src/e.ts", "workflows/src/missing.ts", "resolvable"],
] as const;

/** Imports the house is built on. */
const accepted = [
  ["workflows/src/f.ts", "contracts/api/src/b.ts"],
  ["packages/comfyui/test/a.test.ts", "packages/comfyui-emulator/src/b.ts"],
  ["packages/client/generate/a.ts", "contracts/api/src/b.ts"],
  ["apps/cli/src/c.ts", "packages/client/src/b.ts"],
  ["apps/server/src/main.ts", "apps/server/src/compose.ts"],
  ["apps/server/src/http/g.ts", "apps/server/src/jobs/b.ts"],
  ["apps/server/src/jobs/c.ts", "apps/server/src/generation/d.ts"],
  ["apps/server/src/adapters/disk/d.ts", "apps/server/src/assets/e.ts"],
  ["apps/server/src/access/a.ts", "apps/server/src/clock.ts"],
  ["apps/server/test/a.test.ts", "packages/client/src/b.ts"],
] as const;

const folder = mkdtempSync(join(tmpdir(), "comfy boundaries "));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(path: string, text: string) {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text, { flag: "a" });
}

// One checkout with the real rules and all of these imports: each costs nothing, starting the tool for each would.
let violations: string[] = [];
beforeAll(async () => {
  for (const name of ["packages/tooling/boundaries.cjs", "tsconfig.base.json"]) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    cpSync(join(root, name), join(folder, name));
  }
  for (const [from, to] of [...refused, ...accepted, ["workflows/src/d.ts", "workflows/src/c.ts"]] as const) {
    // A type import counts as much as any other.
    const up = "../".repeat(from.split("/").length - 1);
    write(from, `export type * from "${up}${to}";\n`);
    if (!to.endsWith("missing.ts")) write(to, "export {};\n");
  }
  const args = [
    "--config",
    "packages/tooling/boundaries.cjs",
    "--output-type",
    "json",
    "contracts",
    "workflows",
    "packages",
    "apps",
  ];
  const { stdout } = await runCommand(join(root, "node_modules/.bin/depcruise"), args, { cwd: folder });
  const cruise: Cruise = JSON.parse(stdout);
  violations = judgeRules(cruise);
}, 60_000);

/** What is said about one import: the names of the rules it breaks. */
const rulesBrokenBy = (from: string, to: string) =>
  violations.filter((text) => text.split("\n").includes(`  ${from} -> ${to}`)).map((text) => text.split(":")[0]);

describe("the import boundaries", () => {
  it.each(refused)("refuse %s -> %s", (from, to, rule) => {
    const shown = rule === "resolvable" ? "../../workflows/src/missing.ts" : to;
    expect(rulesBrokenBy(from, shown)).toContain(rule);
  });

  it.each(accepted)("accept %s -> %s", (from, to) => expect(rulesBrokenBy(from, to)).toEqual([]));
});

describe("a foreign library", () => {
  const importing = (source: string, module: string) => ({
    source,
    dependencies: [{ module, dependencyTypes: ["npm"] }],
  });

  it("imported in two folders of a workspace is named with both", () => {
    const modules = [
      importing("apps/server/src/http/app.ts", "express"),
      importing("apps/server/src/jobs/submit.ts", "express"),
      importing("apps/server/src/adapters/database/pool.ts", "kysely"),
      importing("apps/server/src/adapters/queue/pool.ts", "kysely/migration"),
    ];
    expect(judgeRooms({ modules })).toEqual([
      "apps/server imports express in 2 folders: http, jobs; a foreigner has one.",
      "apps/server imports kysely in 2 folders: adapters/database, adapters/queue; a foreigner has one.",
    ]);
  });

  it("may be imported by several files of one folder, by tests, and by other workspaces", () => {
    const modules = [
      importing("apps/server/src/http/app.ts", "express"),
      importing("apps/server/src/http/routes/jobs.ts", "express"),
      importing("apps/server/test/a.test.ts", "express"),
      importing("packages/comfyui/src/socket.ts", "express"),
    ];
    expect(judgeRooms({ modules })).toEqual([]);
  });
});
