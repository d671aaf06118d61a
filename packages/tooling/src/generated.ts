import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type CommandOptions, type Outcome, root, runCommand } from "./run-command.ts";

/** What `generate` writes. */
const GENERATED = ["docs/api", "packages/client/src/generated"];

/** Runs the `generate` script of every workspace that has one, the contract before the SDK. */
export function runGenerators(options: CommandOptions = {}): Promise<Outcome> {
  return runCommand("pnpm", ["--recursive", "--if-present", "run", "generate"], options);
}

/** Every generated file by its path, with its text. */
async function readGenerated(folder: string): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const name of GENERATED) {
    const entries = await readdir(join(folder, name), { recursive: true, withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      const file = join(entry.parentPath, entry.name);
      if (entry.isFile()) files.set(file, await readFile(file, "utf8"));
    }
  }
  return files;
}

/**
 * Generates once more and compares, without git: a tarball has none. The files are put back as they were, so that a test changes nothing.
 */
export async function checkGenerated(options: CommandOptions = {}): Promise<Outcome> {
  const before = await readGenerated(root);
  const { ok, output } = await runGenerators(options);
  if (!ok) return { ok, output };
  const after = await readGenerated(root);
  const stale = [...after].filter(([file, text]) => before.get(file) !== text).map(([file]) => file);
  for (const file of stale) {
    const text = before.get(file);
    if (text !== undefined) await writeFile(file, text);
  }
  const lines = stale.map((file) => `${file.slice(root.length)} is stale: run \`npm run generate\` and commit it.\n`);
  return { ok: lines.length === 0, output: lines.join("") };
}
