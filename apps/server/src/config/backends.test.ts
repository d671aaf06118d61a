import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { parseBackends } from "./backends.ts";

/** A file that holds this, as `BACKENDS_FILE` names it. */
function writeFile(content: unknown): { BACKENDS_FILE: string } {
  const directory = mkdtempSync(join(tmpdir(), "backends-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const path = join(directory, "backends.json");
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return { BACKENDS_FILE: path };
}

const faultsOf = (env: Record<string, string>): string => {
  const outcome = parseBackends(env, 1);
  return outcome.ok ? "" : outcome.faults.join("; ");
};

test("a file says for each backend what differs; secrets stay in the environment", () => {
  const file = writeFile({
    backends: [
      {
        url: "https://gpu-a/comfy/",
        label: "a",
        headers: { authorization: "env:GPU_TOKEN", "x-team": "art" },
        slots: 2,
      },
      { url: "http://gpu-b:8188", unreachableAfterSeconds: 30 },
    ],
  });
  expect(parseBackends({ ...file, GPU_TOKEN: "Bearer x" }, 3)).toEqual({
    ok: true,
    backends: [
      { url: "https://gpu-a/comfy", label: "a", headers: { authorization: "Bearer x", "x-team": "art" }, slots: 2 },
      { url: "http://gpu-b:8188", headers: {}, slots: 3, unreachableAfterMs: 30_000 },
    ],
  });
});

test("a header that refers to a variable that is not set is refused by name", () => {
  const file = writeFile({ backends: [{ url: "http://a", headers: { authorization: "env:GPU_TOKEN" } }] });
  expect(faultsOf(file)).toContain("the variable GPU_TOKEN, which is not set");
});

test("two places that say which backends there are refuse each other", () => {
  expect(faultsOf({ COMFYUI_URL: "http://a", BACKENDS_FILE: "b.json" })).toContain("together with COMFYUI_URL");
});

test.each([
  ["no JSON", "{", "cannot be read as JSON"],
  ["no backend", { backends: [] }, "backends: needs at least one backend"],
  ["no address", { backends: [{ url: "gpu-a" }] }, "backends.0.url: expected http"],
  ["a word that nobody knows", { backends: [{ url: "http://a", slot: 2 }] }, "backends.0"],
  ["one server twice", { backends: [{ url: "http://a" }, { url: "http://a/" }] }, "names one server twice"],
  [
    "one label twice",
    {
      backends: [
        { url: "http://a", label: "x" },
        { url: "http://b", label: "x" },
      ],
    },
    "gives one label to two servers",
  ],
])("a file with %s is refused with a sentence", (_, content, sentence) => {
  expect(faultsOf(writeFile(content))).toContain(sentence);
});

test("a file that is not there is named", () => {
  expect(faultsOf({ BACKENDS_FILE: "/nowhere/backends.json" })).toContain("/nowhere/backends.json cannot be read");
});
