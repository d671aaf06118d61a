import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createEmulator, type Emulator } from "@comfy/comfyui-emulator";
import { signRequest } from "@comfy/signing";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { compose, type Service } from "../../src/compose.ts";
import { parseConfig } from "../../src/config.ts";
import { type Knocks, silentKnocks } from "../../src/jobs/knocks.ts";
import { silentLog } from "../../src/log.ts";
import { createUnreliableKnocks } from "../knocks/unreliable-knocks.ts";
import { findPostgres, type PostgresServer, startPostgres } from "../ports/start-postgres.ts";
import { startReceiver } from "../webhooks/receiver.ts";
import { apiKey, apiSecret } from "./spawn-service.ts";
import { readPrompts } from "./start-service.ts";

const bin = findPostgres();
const JOBS = 6;

/** A process that takes requests and one that renders, on one database and with nothing else between them than these knocks. */
async function openPair(postgres: PostgresServer, emulator: Emulator, knocks: Knocks): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "comfy-queue-"));
  const environment = {
    PORT: "0",
    HOST: "127.0.0.1",
    DATA_DIR: directory,
    DATABASE_URL: await postgres.createDatabase(),
    COMFYUI_URL: emulator.url,
    COMFYUI_API_KEYS: apiKey,
    COMFYUI_API_SECRET: apiSecret,
    ALLOW_PRIVATE_URLS: "true",
    DRAIN_SECONDS: "2",
  };
  const services: Service[] = [];
  for (const ROLE of ["http", "worker"]) {
    const config = parseConfig({ ...environment, ROLE });
    const service = await compose(config, { log: silentLog, version: "0.0.0-test", knocks });
    await service.lifecycle.start();
    services.push(service);
  }
  onTestFinished(async () => {
    for (const { lifecycle } of services) await lifecycle.shutDown();
    await knocks.close();
    await rm(directory, { recursive: true, force: true });
  });
  return services[0]?.url ?? "";
}

async function submit(url: string, prompt: string, callbackUrl: string): Promise<string> {
  const path = "/image/async";
  const body = JSON.stringify({ prompt, width: 64, height: 64, callbackUrl });
  const signed = await signRequest({
    version: 2,
    keyId: apiKey,
    secret: apiSecret,
    method: "POST",
    target: path,
    body,
  });
  const headers = { "content-type": "application/json", ...signed };
  const response = await fetch(url + path, { method: "POST", body, headers });
  return ((await response.json()) as { pollUrl: string }).pollUrl;
}

async function settle(url: string, pollUrl: string): Promise<string> {
  for (let round = 0; round < 20; round++) {
    const response = await fetch(`${url}${pollUrl}?wait=5`, { headers: { "x-api-key": apiKey } });
    const { status } = (await response.json()) as { status: string };
    if (!["pending", "processing"].includes(status)) return status;
  }
  return "never";
}

describe.skipIf(bin === undefined)("jobs and their callbacks arrive, each job rendered once, over a queue that", () => {
  let postgres: PostgresServer;

  beforeAll(async () => {
    postgres = await startPostgres(bin ?? "");
  }, 120_000);
  afterAll(() => postgres?.stop());

  test.each([
    ["is switched off", () => silentKnocks],
    ["drops every message", () => createUnreliableKnocks("drops")],
    ["doubles every message", () => createUnreliableKnocks("doubles")],
    ["reorders every message", () => createUnreliableKnocks("reorders")],
    ["invents messages", () => createUnreliableKnocks("invents")],
  ])(
    "%s",
    async (_vice, openKnocks) => {
      await using emulator = Object.assign(await createEmulator({ speed: 50 }), {
        [Symbol.asyncDispose]: () => emulator.close(),
      });
      const receiver = await startReceiver();
      const url = await openPair(postgres, emulator, openKnocks());
      const polls = await Promise.all(
        Array.from({ length: JOBS }, (_, n) => submit(url, `picture ${n}`, receiver.url)),
      );
      const ended = await Promise.all(polls.map((pollUrl) => settle(url, pollUrl)));
      expect(ended).toEqual(polls.map(() => "complete"));
      expect(await readPrompts(emulator)).toHaveLength(JOBS);
      const ids = polls.map((pollUrl) => pollUrl.split("/").at(-1));
      const told = () => receiver.received.map(({ body }) => (JSON.parse(body) as { jobId: string }).jobId);
      await expect.poll(() => told().toSorted(), { timeout: 15_000 }).toEqual(ids.toSorted());
    },
    90_000,
  );
});
