import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { createEmulator } from "@comfy/comfyui-emulator";
import { signRequest } from "@comfy/signing";
import { expect, test } from "vitest";
import { apiKey, apiSecret, readPrompts } from "./start-service.ts";

const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url));

/** The service as a process of its own. */
async function startProcess(directory: string, backend: string): Promise<{ child: ChildProcess; url: string }> {
  const child = spawn(process.execPath, ["--conditions=@comfy/source", main], {
    stdio: ["ignore", "pipe", "inherit"],
    env: {
      PATH: process.env.PATH,
      PORT: "0",
      HOST: "127.0.0.1",
      DATA_DIR: directory,
      COMFYUI_URL: backend,
      COMFYUI_API_KEYS: apiKey,
      COMFYUI_API_SECRET: apiSecret,
    },
  });
  for await (const line of createInterface({ input: child.stdout })) {
    const record = JSON.parse(line) as { event?: string; url?: string };
    if (record.event === "ready" && record.url !== undefined) return { child, url: record.url };
  }
  throw new Error("The service ended before it was ready.");
}

async function readStatus(url: string): Promise<string> {
  const response = await fetch(`${url}?wait=5`, { headers: { "x-api-key": apiKey } });
  return ((await response.json()) as { status: string }).status;
}

const exited = (child: ChildProcess) =>
  new Promise<number | null>((resolve) => child.once("exit", (code) => resolve(code)));

test("kill -9 in the middle of a render loses nothing and renders nothing twice", async () => {
  const emulator = await createEmulator({ speed: 20 });
  const directory = await mkdtemp(join(tmpdir(), "comfy-restart-"));
  const first = await startProcess(directory, emulator.url);
  emulator.setFaults({ slowNode: { classType: "KSampler", delayMs: 2_500, times: 1 } });
  const jobs: string[] = [];
  for (const prompt of ["one", "two", "three"]) {
    const body = JSON.stringify({ prompt, width: 64, height: 64 });
    const target = "/image/async";
    const headers = await signRequest({ version: 1, keyId: apiKey, secret: apiSecret, method: "POST", target, body });
    const response = await fetch(first.url + target, {
      method: "POST",
      body,
      headers: { "content-type": "application/json", ...headers },
    });
    jobs.push(((await response.json()) as { pollUrl: string }).pollUrl);
  }
  await expect.poll(async () => (await readPrompts(emulator)).length, { timeout: 10_000 }).toBe(1);
  const gone = exited(first.child);
  first.child.kill("SIGKILL");
  await gone;

  const second = await startProcess(directory, emulator.url);
  for (const pollUrl of jobs) {
    await expect.poll(() => readStatus(second.url + pollUrl), { timeout: 40_000 }).toBe("complete");
  }
  expect(new Set(await readPrompts(emulator)).size).toBe(3);

  const ended = exited(second.child);
  second.child.kill("SIGTERM");
  expect(await ended).toBe(0);
  await emulator.close();
  await rm(directory, { recursive: true, force: true });
}, 90_000);
