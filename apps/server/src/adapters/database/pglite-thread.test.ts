import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { startPgliteThread } from "./pglite-thread.ts";

const port = "import { parentPort as port } from 'node:worker_threads'; port.postMessage({ type: 'ready' });";
const dyingHost = `${port} port.on("message", () => { throw new Error("out of memory"); });`;
const leavingHost = `${port} port.once("message", () => process.exit(0));`;

describe("the database thread", () => {
  it("that dies rejects what waits, refuses what comes, and is reported once", async () => {
    const reported = Promise.withResolvers<Error>();
    const host = new URL(`data:text/javascript,${encodeURIComponent(dyingHost)}`);
    const thread = await startPgliteThread("unused", reported.resolve, host);
    const waiting = [thread.run("select 1", []), thread.run("select 2", [])];
    for (const statement of waiting) await expect(statement).rejects.toThrow("out of memory");
    expect((await reported.promise).message).toBe("out of memory");
    await expect(thread.run("select 3", [])).rejects.toThrow("out of memory");
    await thread.close();
  });

  it("that ends without a word counts as dead too", async () => {
    const reported = Promise.withResolvers<Error>();
    const host = new URL(`data:text/javascript,${encodeURIComponent(leavingHost)}`);
    const thread = await startPgliteThread("unused", reported.resolve, host);
    await expect(thread.run("select 1", [])).rejects.toThrow("ended with code 0");
    expect((await reported.promise).message).toContain("ended with code 0");
    await thread.close();
  });

  it("that cannot open its directory fails to start, and says why", async () => {
    const directory = await mkdtemp(join(tmpdir(), "comfy-thread-"));
    const file = join(directory, "file");
    await writeFile(file, "not a directory");
    await expect(startPgliteThread(join(file, "db"), () => undefined)).rejects.toThrow();
    await rm(directory, { recursive: true });
  }, 120_000);
});
