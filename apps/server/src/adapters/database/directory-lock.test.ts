import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { lockDirectory } from "./directory-lock.ts";

describe("the lock of a directory", () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "comfy-lock-"));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  it("is held by one at a time, and a second is told so in a sentence", async () => {
    const lock = await lockDirectory(directory);
    await expect(lockDirectory(directory)).rejects.toThrow(`Another process works in ${directory}. Stop it`);
    await lock.release();
    await (await lockDirectory(directory)).release();
  });

  it("is taken over from a process that was killed, and what it left is swept", async () => {
    await holdAndDie(directory);
    await holdAndDie(directory);
    const lock = await lockDirectory(directory);
    expect(await readdir(directory)).toHaveLength(1);
    await expect(lockDirectory(directory)).rejects.toThrow("Another process");
    await lock.release();
  });

  it("has one winner when many find a dead holder at once", async () => {
    for (let round = 0; round < 10; round++) {
      await holdAndDie(directory);
      const tries = await Promise.allSettled(Array.from({ length: 20 }, () => lockDirectory(directory)));
      const locks = tries.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
      expect(locks).toHaveLength(1);
      for (const lock of locks) await lock.release();
    }
  }, 60_000);

  it("works in directories whose path is longer than a socket's may be", async () => {
    const deep = join(directory, "d".repeat(120), "e".repeat(120));
    await mkdir(deep, { recursive: true });
    const lock = await lockDirectory(deep);
    expect((await stat(join(deep, "lock-1"))).isSocket()).toBe(true);
    await expect(lockDirectory(deep)).rejects.toThrow("Another process");
    await lock.release();
    await (await lockDirectory(deep)).release();
  });
});

/** Leaves the lock as a killed process does: its sockets stand, nobody listens. */
async function holdAndDie(directory: string): Promise<void> {
  const module = new URL("./directory-lock.ts", import.meta.url).href;
  const script = `const { lockDirectory } = await import(${JSON.stringify(module)});
    await lockDirectory(${JSON.stringify(directory)}); process.kill(process.pid, "SIGKILL");`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", script], { stdio: "inherit" });
  await once(child, "exit");
}
