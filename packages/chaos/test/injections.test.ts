import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { findPostgres } from "../src/processes/postgres.ts";

const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));

/** A whole run without a strike: few jobs, one process of the service, one backend. */
async function runChaos(...args: string[]): Promise<{ code: number; output: string }> {
  const small = ["--seed", "1", "--jobs", "3", "--kills", "0", "--http", "0", "--emulators", "1", "--callers", "2"];
  const child = spawn(process.execPath, ["--conditions=@comfy/source", main, ...small, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, "exit")]);
  return { code: Number(code), output };
}

describe.skipIf(findPostgres() === undefined)("an audit of a real run", { timeout: 180_000 }, () => {
  test("turns red, names the job and keeps the evidence when a finished job is rendered again", async () => {
    const { code, output } = await runChaos("--inject", "duplicate");
    const [, job] = /Injected: duplicate, to job (\S+)\./.exec(output) ?? [];
    expect(code, output).toBe(1);
    expect(output).toMatch(`Job ${job} was submitted to emulator-1 as `);
    expect(output).toMatch(/RED: 1 faults\. The evidence is kept in \/.*comfy-chaos-/);
  });

  test("turns red and names the job when an accepted job is lost", async () => {
    const { code, output } = await runChaos("--inject", "loss");
    const [, job] = /Injected: loss, to job (\S+)\./.exec(output) ?? [];
    expect(code, output).toBe(1);
    expect(output).toMatch(`Job ${job} was accepted, but the database does not know it.`);
  });

  test("turns red and names the job when a job is left running without anybody who holds it", async () => {
    const { code, output } = await runChaos("--inject", "stuck");
    const [, job] = /Injected: stuck, to job (\S+)\./.exec(output) ?? [];
    expect(code, output).toBe(1);
    expect(output).toMatch(`Job ${job} is stuck: it is running (held by nobody).`);
  });
});
