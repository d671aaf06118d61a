import { verifyWebhook } from "@comfy/client/webhooks";
import type { Webhook as Endpoint, WebhookDelivery, WebhookWithSecret } from "@comfy/contracts";
import { signRequest } from "@comfy/signing";
import { Webhook } from "standardwebhooks";
import { expect, test } from "vitest";
import { startReceiver } from "../webhooks/receiver.ts";
import { apiKey, apiSecret, type RunningService, startService } from "./start-service.ts";

const otherKey = "pro_somebody_else";
const SOON = { timeout: 30_000 };
const root = "/api/v1/webhooks";

async function start() {
  const environment = { ALLOW_PRIVATE_URLS: "true", COMFYUI_API_KEYS: `${apiKey},${otherKey}` };
  return startService({ environment });
}

/** A signed request of any method. */
async function call(service: RunningService, method: string, target: string, body?: unknown, keyId = apiKey) {
  const text = body === undefined ? undefined : JSON.stringify(body);
  const headers = await signRequest({ version: 2, keyId, secret: apiSecret, method, target, body: text });
  const response = await fetch(service.url + target, {
    method,
    headers: { ...headers, ...(text !== undefined && { "content-type": "application/json" }) },
    ...(text !== undefined && { body: text }),
  });
  const answer = await response.text();
  return { status: response.status, body: answer ? JSON.parse(answer) : undefined };
}

async function register(service: RunningService, body: object): Promise<WebhookWithSecret> {
  const { status, body: made } = await call(service, "POST", root, body);
  expect(status).toBe(201);
  return made;
}

async function makeImage(service: RunningService, more: object = {}): Promise<string> {
  const response = await service.post("/image/async", { prompt: "a door", width: 64, height: 64, ...more });
  const { jobId, pollUrl } = (await response.json()) as { jobId: string; pollUrl: string };
  await service.settle(pollUrl);
  return jobId;
}

test("an endpoint gets each job that it asked for, signed with its own secret; a callback keeps its own body", async () => {
  await using service = await start();
  const receiver = await startReceiver();
  const callback = await startReceiver();
  const { secret } = await register(service, { url: receiver.url, events: ["job.completed"] });
  await register(service, { url: receiver.url, events: ["job.failed", "job.cancelled"] });
  const jobId = await makeImage(service, { callbackUrl: callback.url });
  await expect.poll(() => receiver.received.length + callback.received.length, SOON).toBe(2);
  const [received] = receiver.received;
  if (!received) throw new Error("Nothing arrived.");
  const expected = {
    type: "job.completed",
    data: { id: jobId, job_id: jobId, status: "completed", workflow: "image" },
  };
  expect(new Webhook(secret).verify(received.body, received.headers)).toMatchObject(expected);
  expect(await verifyWebhook(received, { secret })).toMatchObject({ ...expected, webhookId: received.id });
  expect(JSON.parse(callback.received[0]?.body ?? "")).toMatchObject({ status: "complete", jobId });
  const { body } = await call(service, "GET", `/api/v1/jobs/${jobId}/deliveries`);
  expect(body.deliveries).toHaveLength(2);
  expect(JSON.stringify(body)).not.toContain("whsec_");
}, 60_000);

test("a test, a rotation and a replay arrive as the log says", async () => {
  await using service = await start();
  const receiver = await startReceiver();
  const { id, secret } = await register(service, { url: receiver.url, description: "my bot" });
  const tested = await call(service, "POST", `${root}/${id}/test`);
  expect(tested).toMatchObject({ status: 202, body: { event: "webhook.test", status: "pending", webhookId: id } });
  await expect.poll(() => receiver.received.length, SOON).toBe(1);
  expect(receiver.ids()).toEqual([tested.body.id]);

  const rotated = await call(service, "POST", `${root}/${id}/rotate-secret`, {});
  expect(rotated.body.secret).toMatch(/^whsec_/);
  expect(rotated.body.secret).not.toBe(secret);
  const readLog = async (): Promise<WebhookDelivery[]> =>
    (await call(service, "GET", `${root}/${id}/deliveries?limit=5`)).body.deliveries;
  await expect.poll(async () => (await readLog())[0]?.status, SOON).toBe("delivered");
  const replay = await call(service, "POST", `${root}/${id}/deliveries/${tested.body.id}/replay`);
  expect(replay.status).toBe(202);
  await expect.poll(() => receiver.ids(), SOON).toEqual([tested.body.id, tested.body.id]);
  const again = receiver.received[1];
  if (!again) throw new Error("The replay did not arrive.");
  for (const good of [secret, rotated.body.secret]) new Webhook(good).verify(again.body, again.headers);
  await expect
    .poll(async () => (await readLog())[0]?.tries.map(({ n, status }) => [n, status]), SOON)
    .toEqual([
      [1, 200],
      [2, 200],
    ]);
}, 60_000);

test("a delivery to a callback is listed and replayed through its job", async () => {
  await using service = await start();
  const receiver = await startReceiver();
  const jobId = await makeImage(service, { callbackUrl: receiver.url });
  const path = `/api/v1/jobs/${jobId}/deliveries`;
  await expect.poll(async () => (await call(service, "GET", path)).body.deliveries[0]?.status, SOON).toBe("delivered");
  const [delivery] = (await call(service, "GET", path)).body.deliveries;
  expect(delivery).not.toHaveProperty("webhookId");
  expect((await call(service, "POST", `${path}/${delivery.id}/replay`)).status).toBe(202);
  await expect.poll(() => receiver.ids(), SOON).toEqual([delivery.id, delivery.id]);
  expect((await call(service, "GET", path, undefined, otherKey)).status).toBe(404);
  expect((await call(service, "POST", `${path}/${delivery.id}/replay`, undefined, otherKey)).status).toBe(404);
}, 60_000);

test("somebody else's endpoint is 404 in every way, and an endpoint is changed and deleted by its owner alone", async () => {
  await using service = await start();
  const { id } = await register(service, { url: "http://127.0.0.1:40009/hook" });
  const attempts = [
    ["GET", `${root}/${id}`],
    ["PATCH", `${root}/${id}`, { isEnabled: false }],
    ["DELETE", `${root}/${id}`],
    ["POST", `${root}/${id}/rotate-secret`],
    ["POST", `${root}/${id}/test`],
    ["GET", `${root}/${id}/deliveries`],
    ["POST", `${root}/${id}/deliveries/${id}/replay`],
  ] as const;
  for (const [method, path, body] of attempts) {
    const answer = await call(service, method, path, body, otherKey);
    expect(answer, `${method} ${path}`).toMatchObject({ status: 404, body: { code: "webhook_not_found" } });
  }
  expect((await call(service, "GET", root, undefined, otherKey)).body).toEqual({ webhooks: [] });
  const { body: off } = await call(service, "PATCH", `${root}/${id}`, { isEnabled: false });
  expect(off satisfies Endpoint).toMatchObject({ id, isEnabled: false, disabledReason: "owner" });
  expect(off).not.toHaveProperty("secret");
  expect(await call(service, "POST", `${root}/${id}/test`)).toMatchObject({
    status: 409,
    body: { code: "webhook_disabled" },
  });
  expect((await call(service, "DELETE", `${root}/${id}`)).status).toBe(204);
  expect((await call(service, "GET", `${root}/${id}`)).status).toBe(404);
}, 60_000);

test("what is no endpoint is refused with a sentence: a key alone, an unknown field, an event, an address, the 21st", async () => {
  await using service = await startService();
  expect((await fetch(service.url + root, { headers: { "x-api-key": apiKey } })).status).toBe(401);
  const url = "https://example.com/hook";
  for (const [body, words] of [
    [{ url, evnts: [] }, "evnts"],
    [{ url, events: ["job.started"] }, "events"],
    [{ url, events: [] }, "events"],
    [{ url: "https://127.0.0.1/hook" }, "url: the address is not on the public internet"],
    [{ url: "http://example.com/hook" }, "url: expected an https address"],
    [{ url: "ftp://example.com" }, "url"],
  ] as const) {
    const answer = await call(service, "POST", root, body);
    expect(answer, JSON.stringify(body)).toMatchObject({ status: 400, body: { code: "invalid_input" } });
    expect(answer.body.error).toContain(words);
  }
  for (let n = 0; n < 20; n++) await register(service, { url });
  expect(await call(service, "POST", root, { url })).toMatchObject({ status: 409, body: { code: "webhook_limit" } });
}, 60_000);
