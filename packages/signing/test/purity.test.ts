import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { describe, expect, it } from "vitest";

const source = new URL("../src/", import.meta.url);

describe("the package", () => {
  it("imports nothing but its own files, so that it runs on the edge and in browsers", () => {
    const files = readdirSync(source).filter((name) => !name.endsWith(".test.ts"));
    expect(files).toContain("index.ts");
    for (const name of files) {
      const text = readFileSync(new URL(name, source), "utf8");
      const imported = [...text.matchAll(/\bfrom\s+"([^"]+)"|\bimport\s*\(?\s*"([^"]+)"/g)].map(
        (match) => match[1] ?? match[2],
      );
      for (const specifier of imported) expect(specifier, name).toMatch(/^\.\.?\//);
      expect(text, name).not.toMatch(/\b(Buffer|process|require)\b[.(]/);
    }
  });

  it("costs a bundle that only signs at most 1 kB, compressed", async () => {
    const contents = 'export { signRequest } from "./src/index.ts";';
    const resolveDir = fileURLToPath(new URL("..", import.meta.url));
    const options = { bundle: true, minify: true, write: false, format: "esm", target: "es2022" } as const;
    const { outputFiles } = await build({ ...options, stdin: { contents, resolveDir, loader: "ts" } });
    const sizeBytes = gzipSync(outputFiles[0]?.contents ?? "", { level: 9 }).length;
    process.stdout.write(`signRequest alone: ${sizeBytes} bytes, minified and gzipped\n`);
    expect(sizeBytes).toBeGreaterThan(200);
    expect(sizeBytes).toBeLessThanOrEqual(1000);
  });
});
