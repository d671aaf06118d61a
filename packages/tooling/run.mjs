// Every root npm script goes through here. A fresh clone has only Node 20 and npm, so this file and what it imports are plain JavaScript
// for Node 20 without dependencies: they install what the lockfile names, then hand over to the Node 26 that came with it.
import { realpathSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { findNode } from "./find-node.mjs";
import { install } from "./install.mjs";
import { runChild } from "./run-child.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Each command, as the arguments Node 26 is started with in the root. */
const commands = {
  demo: ["apps/cli/src/main.ts", "demo"],
  start: ["apps/cli/src/main.ts", "start"],
  conformance: ["apps/cli/src/main.ts", "conformance"],
  chaos: ["packages/chaos/src/main.ts"],
  bench: ["packages/bench/src/main.ts"],
  attacks: ["packages/attacks/src/main.ts"],
  fuzz: ["packages/fuzz/src/main.ts"],
  test: ["packages/tooling/src/main.ts", "test"],
  generate: ["packages/tooling/src/main.ts", "generate"],
  build: ["packages/tooling/src/main.ts", "build"],
};

/** @param {string} node */
function environmentOf(node) {
  const path = [join(root, "node_modules/.bin"), dirname(node), process.env.PATH ?? ""].join(delimiter);
  return { ...process.env, PATH: path, TURBO_TELEMETRY_DISABLED: "1", DO_NOT_TRACK: "1" };
}

/** @param {readonly string[]} argv */
async function main([command = "", ...args]) {
  const entry = Object.hasOwn(commands, command) ? commands[/** @type {keyof typeof commands} */ (command)] : undefined;
  if (!entry) {
    const known = Object.keys(commands).join(", ");
    process.stderr.write(`There is no command "${command}". There are: ${known}.\n`);
    return 2;
  }
  const code = await install(root);
  if (code !== 0) return code;
  const node = findNode(root);
  if (!node) {
    process.stderr.write(
      `No Node 26 is published for ${process.platform}-${process.arch} and this one is ${process.versions.node}: install Node 24.11 or newer and try again.\n`,
    );
    return 1;
  }
  return runChild(node, ["--conditions=@comfy/source", ...entry, ...args], { cwd: root, env: environmentOf(node) });
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  process.exitCode = await main(process.argv.slice(2));
}
