import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createEmulator, type Emulator } from "@comfy/comfyui-emulator";
import { signRequest } from "@comfy/signing";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { findRedis, type RedisProcess, startRedis } from "../ports/start-redis.ts";
import { startUpstash, type UpstashDouble } from "../ports/start-upstash.ts";
import { apiSecret, type SpawnedService, spawnService } from "./spawn-service.ts";

const redisBin = findRedis();
const TIMEOUT_MS = 180_000;
const key = "free_upstash";
const AWAY = /^The store of the rate limits does not answer/;

describe.skipIf(redisBin === undefined)("the service with Upstash", () => {
  let redis: RedisProcess;
  let upstash: UpstashDouble;
  let backend: Emulator;
  const started: { service: SpawnedService; directory: string }[] = [];

  beforeAll(async () => {
    redis = await startRedis(redisBin ?? "");
    [upstash, backend] = await Promise.all([startUpstash(redis.url), createEmulator({ speed: 20 })]);
  }, TIMEOUT_MS);
  afterEach(async () => {
    for (const { service, directory } of started.splice(0)) {
      await service.end("SIGKILL");
      await rm(directory, { recursive: true, force: true });
    }
  });
  afterAll(async () => {
    await Promise.all([upstash?.stop(), backend?.close()]);
    await redis?.stop();
  });

  async function start(token: string): Promise<SpawnedService> {
    const directory = await mkdtemp(join(tmpdir(), "comfy-upstash-"));
    const environment = {
      UPSTASH_REDIS_REST_URL: upstash.url,
      UPSTASH_REDIS_REST_TOKEN: token,
      COMFYUI_API_KEYS: key,
    };
    const service = await spawnService({ directory, backends: [backend.url], environment });
    started.push({ service, directory });
    return service;
  }

  async function post({ url }: SpawnedService, keyId: string): Promise<Response> {
    const target = "/image/async";
    const body = JSON.stringify({ prompt: "a picture", width: 64, height: 64 });
    const signer = { version: 2, keyId, secret: apiSecret } as const;
    const headers = await signRequest({ ...signer, method: "POST", target, body });
    return fetch(url + target, { method: "POST", body, headers: { "content-type": "application/json", ...headers } });
  }

  test(
    "counts callers and strangers there, and never names key or token in its log",
    async () => {
      const service = await start(upstash.token);
      const responses = await Promise.all(Array.from({ length: 30 }, () => post(service, key)));
      expect(responses.filter(({ status }) => status === 202)).toHaveLength(10);
      expect((await post(service, "free_unknown")).status).toBe(401);
      expect(await redis.command("DBSIZE")).toBe(":3");
      upstash.setFault("ERR something with the command in it");
      expect((await post(service, "free_unknown")).status).toBe(503);
      upstash.setFault(undefined);
      await expect.poll(async () => (await post(service, "free_unknown")).status, { timeout: 30_000 }).toBe(401);
      const log = JSON.stringify(service.lines);
      expect(log).toContain("Upstash refused a command.");
      for (const secret of [key, upstash.token, "command in it"]) expect(log).not.toContain(secret);
    },
    TIMEOUT_MS,
  );

  test(
    "starts with a token that Upstash does not take, says so once, and counts alone",
    async () => {
      const service = await start("wrong-token");
      const responses = await Promise.all(Array.from({ length: 12 }, () => post(service, key)));
      expect(responses.filter(({ status }) => status === 202)).toHaveLength(10);
      const lines = service.lines.filter(({ msg }) => AWAY.test(String(msg)));
      expect(lines).toMatchObject([{ reason: "Upstash refused the token in UPSTASH_REDIS_REST_TOKEN." }]);
      expect(JSON.stringify(service.lines)).not.toContain("wrong-token");
    },
    TIMEOUT_MS,
  );
});
