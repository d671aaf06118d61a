import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createEmulator } from "@comfy/comfyui-emulator";
import { expect, onTestFinished, test } from "vitest";
import { spawnService } from "./spawn-service.ts";
import { readPrompts } from "./start-service.ts";

test("kill -9 in the middle of a render loses nothing and renders nothing twice", async () => {
  const emulator = await createEmulator({ speed: 20 });
  onTestFinished(() => emulator.close());
  const directory = await mkdtemp(join(tmpdir(), "comfy-restart-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const first = await spawnService({ directory, backends: [emulator.url] });
  onTestFinished(async () => void (await first.end("SIGKILL")));
  emulator.setFaults({ slowNode: { classType: "KSampler", delayMs: 2_500, times: 1 } });
  const jobs: string[] = [];
  for (const prompt of ["one", "two", "three"]) {
    const response = await first.post("/image/async", { prompt, width: 64, height: 64 });
    jobs.push(((await response.json()) as { pollUrl: string }).pollUrl);
  }
  // One renders, and one waits behind it so that the GPU does not idle in between.
  await expect.poll(async () => (await readPrompts(emulator)).length, { timeout: 10_000 }).toBe(2);
  await first.end("SIGKILL");

  const second = await spawnService({ directory, backends: [emulator.url] });
  onTestFinished(async () => void (await second.end("SIGKILL")));
  for (const pollUrl of jobs) {
    await expect.poll(async () => (await second.read(pollUrl, 5)).status, { timeout: 40_000 }).toBe("complete");
  }
  expect(new Set(await readPrompts(emulator)).size).toBe(3);

  expect(await second.end("SIGTERM")).toBe(0);
}, 180_000);
