import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createEmulator } from "@comfy/comfyui-emulator";
import { expect, onTestFinished, test } from "vitest";
import { signNow } from "../http/sign-now.ts";
import { prepareEmbedded } from "../ports/embedded-template.ts";
import { apiKey, apiSecret, type SpawnedService, spawnService } from "./spawn-service.ts";

interface Total {
  readonly requests: number;
  readonly generations: number;
  readonly gpuSeconds: number;
  readonly bytesOut: number;
}

async function readTotal(service: SpawnedService): Promise<Total> {
  const path = "/api/v1/usage?groupBy=day,key,workflow";
  const response = await fetch(service.url + path, { headers: signNow(path, { key: apiKey, secret: apiSecret }) });
  expect(response.status).toBe(200);
  return ((await response.json()) as { total: Total }).total;
}

test("usage is exact over a shutdown, and after a kill -9 but for requests of the last seconds", async () => {
  const emulator = await createEmulator({ speed: 50 });
  onTestFinished(() => emulator.close());
  const directory = await mkdtemp(join(tmpdir(), "comfy-usage-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  await prepareEmbedded(join(directory, "database"));
  let requests = 0;
  async function start(): Promise<SpawnedService> {
    const service = await spawnService({ directory, backends: [emulator.url] });
    onTestFinished(async () => void (await service.end("SIGKILL")));
    return service;
  }
  async function render(service: SpawnedService): Promise<void> {
    const response = await service.post("/image/async", { prompt: "used", width: 64, height: 64 });
    const { pollUrl } = (await response.json()) as { pollUrl: string };
    requests += 1;
    for (let status = ""; status !== "complete"; requests += 1) ({ status } = await service.read(pollUrl, 10));
  }

  const first = await start();
  await render(first);
  await render(first);
  await first.end("SIGTERM");

  const second = await start();
  const after = await readTotal(second);
  expect(after).toMatchObject({ requests, generations: 2 });
  expect(after.gpuSeconds).toBeGreaterThan(0);
  await render(second);
  await second.end("SIGKILL");

  const third = await start();
  const total = await readTotal(third);
  expect(total.generations).toBe(3);
  expect(total.bytesOut).toBeGreaterThan(after.bytesOut);
  expect(total.requests).toBeGreaterThanOrEqual(after.requests);
  expect(total.requests).toBeLessThanOrEqual(requests + 1);
}, 180_000);
