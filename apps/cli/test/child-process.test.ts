import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { type ChildOptions, startChild } from "../src/children/child-process.ts";

const folder = mkdtempSync(join(tmpdir(), "comfy cli "));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const start = (behaviour: string, options: Partial<ChildOptions> = {}) =>
  startChild({
    name: "The stand-in",
    command: process.execPath,
    args: [fileURLToPath(new URL("stand-in.mjs", import.meta.url)), behaviour],
    env: {},
    cwd: folder,
    logFile: join(folder, `${behaviour}.log`),
    readyTimeoutMs: 10_000,
    stopTimeoutMs: 10_000,
    signal: new AbortController().signal,
    ...options,
  });

describe("a child", () => {
  it("is ready when it says so, with the address it says, and ends when it is asked to", async () => {
    const child = await start("well");
    expect(child.ready).toEqual({
      event: "ready",
      url: "http://127.0.0.1:4321",
      docsUrl: "http://127.0.0.1:4321/docs",
    });
    await child.stop();
    await child.stop();
    expect(readFileSync(join(folder, "well.log"), "utf8")).toMatch(/^starting\n[\s\S]*goodbye\n$/);
  });

  it("that ends instead of getting ready is an error with its exit code and its last words", async () => {
    await expect(start("fail")).rejects.toThrow(/^The stand-in ended \(exit code 3\)\.\n[\s\S]*The port is on fire\./);
  });

  it("that never says it is ready is an error, and does not run on", async () => {
    await expect(start("mute", { readyTimeoutMs: 500 })).rejects.toThrow("The stand-in was not ready after 0.5 s.");
  });

  it("that dies later tells whoever waits, with how it died", async () => {
    const child = await start("die");
    await expect(child.ended).rejects.toThrow(/^The stand-in ended \(SIGKILL\)\./);
    await child.stop();
  });

  it("that will not end is ended", async () => {
    const child = await start("stubborn", { stopTimeoutMs: 200 });
    await child.stop();
  });

  it("that cannot be started is an error with a sentence", async () => {
    await expect(start("well", { command: join(folder, "nothing") })).rejects.toThrow(
      "The stand-in could not be started",
    );
  });

  it("is not started for somebody who has already left, and is stopped for somebody who leaves", async () => {
    const reason = new Error("left");
    await expect(start("well", { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const leaving = new AbortController();
    const starting = start("mute", { signal: leaving.signal });
    leaving.abort(reason);
    await expect(starting).rejects.toBe(reason);
  });
});
