import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createEmulator } from "@comfy/comfyui-emulator";
import { expect, onTestFinished, test } from "vitest";
import { startSupabase } from "../storage/supabase-double.ts";
import { spawnService } from "./spawn-service.ts";
import { readPrompts } from "./start-service.ts";

test("kill -9 while the store is down and a render waits for it renders nothing twice, and the secret key is in no log line", async () => {
  const emulator = await createEmulator({ speed: 50 });
  onTestFinished(() => emulator.close());
  const supabase = await startSupabase();
  onTestFinished(() => supabase.close());
  const directory = await mkdtemp(join(tmpdir(), "comfy-storage-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const environment = {
    STORAGE: "supabase",
    SUPABASE_URL: supabase.url,
    SUPABASE_SERVICE_KEY: supabase.secretKey,
    SUPABASE_BUCKET: "crash",
    LEASE_SECONDS: "2",
  };
  const start = async () => {
    const service = await spawnService({ directory, backends: [emulator.url], environment });
    onTestFinished(async () => void (await service.end("SIGKILL")));
    return service;
  };

  const first = await start();
  supabase.setDown(true);
  const response = await first.post("/image/async", { prompt: "a lighthouse", width: 64, height: 64 });
  const { pollUrl } = (await response.json()) as { pollUrl: string };
  await expect.poll(async () => (await readdir(join(directory, "spool"))).length, { timeout: 20_000 }).toBe(1);
  await first.end("SIGKILL");

  const second = await start();
  await expect.poll(async () => (await second.read(pollUrl)).status, { timeout: 20_000 }).toBe("processing");
  supabase.setDown(false);
  await expect.poll(async () => (await second.read(pollUrl, 5)).status, { timeout: 40_000 }).toBe("complete");
  expect(await readPrompts(emulator)).toHaveLength(1);
  expect(supabase.objects.bucketOf("crash").objects.size).toBe(1);
  expect(JSON.stringify([first.lines, second.lines])).not.toContain(supabase.secretKey);
}, 180_000);
