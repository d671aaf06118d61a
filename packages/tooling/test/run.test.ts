import { spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { root } from "../src/run-command.ts";

const RUN = "packages/tooling/run.mjs";
let base = "";
let checkout = "";

/** What `npx` is replaced by: it writes down how it was called and brings along a Node, as the installation does. */
const NPX = (log: string) => `#!/bin/sh
echo "$@" >> "${log}"
echo "noise of an installer"
mkdir -p "node_modules/node-${process.platform}-${process.arch}/bin"
ln -sf "${process.execPath}" "node_modules/node-${process.platform}-${process.arch}/bin/node"
test ! -e fail
`;

const PROGRAM = `
  if (process.argv[2] === "demo") process.stdout.write(JSON.stringify({ arguments: process.argv.slice(3), conditions: process.execArgv }));
  if (process.argv[2] === "start") {
    process.on("SIGTERM", () => process.exit(42));
    process.stdout.write("up");
    setInterval(() => {}, 1_000);
  }
`;

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "comfy run "));
  checkout = join(base, "a checkout");
  for (const name of ["run.mjs", "run-child.mjs", "install.mjs", "find-node.mjs"]) {
    cpSync(join(root, "packages/tooling", name), join(checkout, "packages/tooling", name));
  }
  mkdirSync(join(checkout, "apps/cli/src"), { recursive: true });
  mkdirSync(join(base, "bin"));
  writeFileSync(join(checkout, "package.json"), JSON.stringify({ devDependencies: { pnpm: "1.2.3" } }));
  writeFileSync(join(checkout, "pnpm-lock.yaml"), "lock: 1\n");
  writeFileSync(join(checkout, "pnpm-workspace.yaml"), "packages: []\n");
  writeFileSync(join(checkout, "apps/cli/src/main.ts"), PROGRAM);
  writeFileSync(join(base, "bin/npx"), NPX(join(base, "npx.log")));
  chmodSync(join(base, "bin/npx"), 0o755);
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

const env = () => ({ ...process.env, PATH: `${join(base, "bin")}${delimiter}${process.env.PATH}` });
const run = (...args: string[]) =>
  spawnSync(process.execPath, [join(checkout, RUN), ...args], { encoding: "utf8", env: env() });
const installs = () =>
  existsSync(join(base, "npx.log")) ? readFileSync(join(base, "npx.log"), "utf8").trim().split("\n") : [];

describe("a command on a fresh clone", () => {
  it("installs what the lockfile names, and keeps stdout for the command", () => {
    const { stdout, stderr, status } = run("demo", "--json", "a b");
    expect(JSON.parse(stdout)).toEqual({ arguments: ["--json", "a b"], conditions: ["--conditions=@comfy/source"] });
    expect(stderr).toContain("noise of an installer");
    expect(installs()).toEqual(["--yes pnpm@1.2.3 install --frozen-lockfile --config.confirm-modules-purge=false"]);
    expect(status).toBe(0);
  });

  it("installs once, and again when the lockfile changes", () => {
    run("demo");
    run("demo");
    expect(installs()).toHaveLength(1);
    writeFileSync(join(checkout, "pnpm-lock.yaml"), "lock: 2\n");
    run("demo");
    expect(installs()).toHaveLength(2);
  });

  it("stops where the installation fails, says so, and tries again the next time", () => {
    writeFileSync(join(checkout, "fail"), "");
    const { stdout, stderr, status } = run("demo");
    expect([stdout, status]).toEqual(["", 1]);
    expect(stderr).toContain("The installation failed (exit code 1)");
    rmSync(join(checkout, "fail"));
    expect(run("demo").status).toBe(0);
  });

  it("says which commands there are when there is none of that name", () => {
    const { stderr, status } = run("toString");
    expect(stderr).toContain('There is no command "toString". There are: demo, start');
    expect(status).toBe(2);
    expect(installs()).toEqual([]);
  });

  it("passes a termination on and ends with the exit code of what it ran", async () => {
    const child = spawn(process.execPath, [join(checkout, RUN), "start"], {
      env: env(),
      stdio: ["ignore", "pipe", "ignore"],
    });
    const code = new Promise((resolve) => child.once("close", resolve));
    await new Promise((resolve) => child.stdout.once("data", resolve));
    child.kill("SIGTERM");
    expect(await code).toBe(42);
  });

  it("can be reached through a symbolic link", () => {
    symlinkSync(checkout, join(base, "link"));
    const { status } = spawnSync(process.execPath, [join(base, "link", RUN), "demo"], { env: env() });
    expect(status).toBe(0);
  });
});
