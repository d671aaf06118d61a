// Writes src/generated from the contract; with --check it writes nothing and fails when a file is stale.
import { readFile, writeFile } from "node:fs/promises";
import { printRoutes } from "./routes.ts";
import { printTypes } from "./types.ts";

const BANNER = "// Generated from @comfy/contracts by `npm run generate`. Change the contract, not this file.\n";
const folder = new URL("../src/generated/", import.meta.url);
const isCheck = process.argv.includes("--check");

for (const [name, text] of [
  ["routes.ts", printRoutes(BANNER)],
  ["types.ts", printTypes(BANNER)],
] as const) {
  const file = new URL(name, folder);
  const current = await readFile(file, "utf8").catch(() => undefined);
  if (current === text) continue;
  if (isCheck) {
    process.stderr.write(`packages/client/src/generated/${name} is stale: run \`npm run generate\` and commit it.\n`);
    process.exitCode = 1;
  } else {
    await writeFile(file, text);
    process.stdout.write(`Wrote packages/client/src/generated/${name}.\n`);
  }
}
