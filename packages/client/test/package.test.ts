import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

// Everything here looks at the tarball that would be published, unpacked as an installer does it.
const root = fileURLToPath(new URL("..", import.meta.url));
const bin = join(root, "../../node_modules/.bin");
const path = `${bin}:${process.env.PATH}`;
const folder = mkdtempSync(join(tmpdir(), "comfy-client-"));
const installed = join(folder, "node_modules/@comfy/client");
let tarball = "";

function run(command: string, args: string[], cwd = folder): string {
  const env = { ...process.env, PATH: path };
  const { error, status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: "utf8", env });
  // Compilers complain on stdout.
  if (error || status !== 0) throw error ?? new Error(`${command} ended with ${status}:\n${stdout}${stderr}`);
  return stdout;
}

beforeAll(() => {
  run("tsup", ["--silent"], root);
  run("pnpm", ["pack", "--pack-destination", folder], root);
  tarball = join(folder, readdirSync(folder).find((name) => name.endsWith(".tgz")) ?? "");
  execFileSync("mkdir", ["-p", installed]);
  run("tar", ["-xzf", tarball, "-C", installed, "--strip-components=1"]);
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function sizeOf(contents: string) {
  const options = { bundle: true, minify: true, write: false, format: "esm", target: "es2022" } as const;
  const { outputFiles } = await build({ ...options, stdin: { contents, resolveDir: folder, loader: "js" } });
  return gzipSync(outputFiles[0]?.contents ?? "", { level: 9 }).length;
}

describe("the published package", () => {
  it("has types and entries that resolve the same way everywhere", () => {
    run("attw", [tarball]);
    run("publint", [tarball, "--strict"]);
  }, 60_000);

  it("needs nothing else and holds only what runs", () => {
    const manifest = JSON.parse(run("tar", ["-xzOf", tarball, "package/package.json"]));
    expect(manifest.dependencies ?? {}).toEqual({});
    expect(JSON.stringify(manifest.exports)).not.toContain("@comfy/source");
    const names = run("tar", ["-tzf", tarball]).trim().split("\n").sort();
    for (const name of names) expect(name).toMatch(/^package\/(dist\/[\w.-]+|package\.json|README\.md|LICENSE)$/);
    expect(statSync(tarball).size).toBeLessThanOrEqual(40_000);
  });

  it.each([
    ["a browser", ["es2022", "dom", "dom.iterable", "esnext.disposable"], "bundler", "esnext"],
    ["an older bundler", ["es2020", "dom"], "bundler", "es2022"],
    ["Node", ["es2023", "dom"], "nodenext", "nodenext"],
  ])(
    "has declarations that compile strictly for %s, libraries included",
    (_, lib, moduleResolution, module) => {
      const compilerOptions = {
        lib,
        moduleResolution,
        module,
        target: "es2022",
        types: [],
        strict: true,
        noEmit: true,
        skipLibCheck: false,
        exactOptionalPropertyTypes: true,
      };
      cpSync(join(root, "test/consumer/index.ts"), join(folder, "index.mts"));
      writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["index.mts"] }));
      run("tsc", ["-p", folder]);
    },
    30_000,
  );

  it("has a README whose samples compile strictly", () => {
    const samples = [...readFileSync(join(root, "README.md"), "utf8").matchAll(/^```ts\n([\s\S]*?)^```$/gm)];
    expect(samples.length).toBeGreaterThanOrEqual(4);
    // What a reader has at hand where the sample goes.
    const given = `
      declare const process: { readonly env: Readonly<Record<string, string | undefined>> };
      declare const comfy: import("@comfy/client").ComfyClient;
      declare const file: Blob;
      declare const render: (event: import("@comfy/client").JobEvent<unknown>) => void;
      declare const save: (jobId: string, url: string | undefined) => Promise<void>;
    `;
    const files = samples.map(([, code = ""], index) => {
      // A sample that makes its own client does not need the one that is given.
      const ambient = code.includes("const comfy =") ? given.replace(/^.*const comfy.*$/m, "") : given;
      writeFileSync(join(folder, `sample-${index}.mts`), `${ambient}\n${code}\nexport {};\n`);
      return `sample-${index}.mts`;
    });
    const compilerOptions = {
      lib: ["es2023", "dom", "dom.iterable", "esnext.disposable"],
      module: "nodenext",
      target: "es2022",
      types: [],
      strict: true,
      noEmit: true,
      exactOptionalPropertyTypes: true,
    };
    writeFileSync(join(folder, "tsconfig.samples.json"), JSON.stringify({ compilerOptions, files }));
    run("tsc", ["-p", join(folder, "tsconfig.samples.json")]);
  }, 30_000);

  it("can be imported, required and imported dynamically, and its errors know each other", () => {
    const script = `
      import { ComfyError, ComfyClient } from "@comfy/client";
      import { verifyWebhook } from "@comfy/client/webhooks";
      import { createRequire } from "node:module";
      const common = createRequire(import.meta.url)("@comfy/client");
      const { ComfyClient: again } = await import("@comfy/client");
      const error = await new common.ComfyClient().health().catch((thrown) => thrown);
      console.log([again === ComfyClient, common.ComfyClient === ComfyClient, ComfyError.is(error), typeof verifyWebhook].join());
    `;
    expect(run(process.execPath, ["--input-type=module", "-e", script]).trim()).toBe("true,false,true,function");
  });

  it("touches no lazy global and reads no environment while it is imported", () => {
    const script = `
      for (const name of ["Request", "Response", "Headers", "FormData", "WebSocket", "crypto", "fetch", "ReadableStream"]) {
        Object.defineProperty(globalThis, name, { get() { throw new Error(name + " was touched"); } });
      }
      process.env = new Proxy({}, { get(_, name) { if (/COMFY/.test(String(name))) throw new Error(String(name) + " was read"); } });
      const started = performance.now();
      await import("@comfy/client");
      await import("@comfy/client/webhooks");
      process.stdout.write((performance.now() - started).toFixed(1));
    `;
    process.stdout.write(`cold import: ${run(process.execPath, ["--input-type=module", "-e", script])} ms\n`);
  });

  it.each([
    ["ComfyClient", 'export { ComfyClient } from "@comfy/client";', 7000],
    ["everything", 'export * from "@comfy/client"; export * from "@comfy/client/webhooks";', 8700],
    ["verifyWebhook", 'export { verifyWebhook } from "@comfy/client/webhooks";', 1700],
  ])("is small: %s", async (name, contents, sizeBytesMax) => {
    const sizeBytes = await sizeOf(contents);
    process.stdout.write(`${name}: ${sizeBytes} bytes, minified and gzipped (at most ${sizeBytesMax})\n`);
    expect(sizeBytes).toBeLessThanOrEqual(sizeBytesMax);
  });
});
