// Writes docs/api/openapi.json from the contract; with --check it writes nothing and fails when the file is stale.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createOpenApiDocument } from "./document.ts";

const file = new URL("../../../docs/api/openapi.json", import.meta.url);
const text = `${JSON.stringify(createOpenApiDocument({ version: "1.0.0" }), null, 2)}\n`;
const current = await readFile(file, "utf8").catch(() => undefined);

if (current === text) {
  process.stdout.write("docs/api/openapi.json is up to date.\n");
} else if (process.argv.includes("--check")) {
  process.stderr.write("docs/api/openapi.json is stale: run `npm run generate` and commit it.\n");
  process.exitCode = 1;
} else {
  await mkdir(new URL(".", file), { recursive: true });
  await writeFile(file, text);
  process.stdout.write("Wrote docs/api/openapi.json.\n");
}
