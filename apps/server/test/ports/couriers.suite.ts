import { verifyWebhook, webhookSecretOf } from "@comfy/client/webhooks";
import { sql } from "kysely";
import { Webhook } from "standardwebhooks";
import { beforeEach, describe, expect, it } from "vitest";
import { createId } from "../../src/ids.ts";
import { createWebhookSecrets } from "../../src/jobs/webhook-secrets.ts";
import { testSealer } from "../sealer.ts";
import { type Received, startReceiver } from "../webhooks/receiver.ts";
import { apiSecret, secrets, startCourier } from "../webhooks/start-courier.ts";
import { createKeyParts, maker, secretOf } from "./key-set-up.ts";
import type { GetDatabase } from "./set-up.ts";
import { createWebhookParts, OWNER, type WebhookParts } from "./webhook-set-up.ts";

const SOON = { timeout: 40_000, interval: 20 };

/** What couriers over one database promise to receivers on real sockets. */
export function couriersSuite(getDatabase: GetDatabase): void {
  let parts: WebhookParts;
  beforeEach(() => {
    parts = createWebhookParts(getDatabase);
  });

  const readLog = async (endpointId: string) => parts.log.list({ ownerId: OWNER, endpointId }, { limit: 100 });

  describe("a courier", { timeout: 60_000 }, () => {
    it("signs so that the standard's own library and the SDK accept it, with both secrets after a rotation", async () => {
      const receiver = await startReceiver();
      const endpoint = await parts.register({ url: receiver.url });
      await parts.endpoints.rotateSecret(endpoint);
      const jobId = await parts.end();
      await using _courier = await startCourier(parts);
      await expect.poll(() => receiver.received.length, SOON).toBe(1);
      const [received] = receiver.received as [Received];
      for (const version of [1, 2]) {
        const secret = await secrets.ofEndpoint(endpoint, version);
        const expected = { type: "job.failed", timestamp: expect.any(String), data: { id: jobId, status: "failed" } };
        expect(new Webhook(secret).verify(received.body, received.headers)).toMatchObject(expected);
        expect(await verifyWebhook(received, { secret })).toMatchObject({ ...expected, webhookId: received.id });
      }
      const other = await secrets.ofEndpoint(endpoint, 3);
      await expect(verifyWebhook(received, { secret: other })).rejects.toThrow("No webhook signature matches");
    });

    it("signs a callback with what comes of the secret of the key that made the job, and of the one it replaced", async () => {
      const receiver = await startReceiver();
      const { make, open } = createKeyParts(getDatabase);
      const made = await make();
      const { secrets: rotated } = await open().verbs.rotateKey(maker, made.record.id, 60_000, {});
      await parts.end({ keyId: made.record.id, callbackUrl: receiver.url });
      const signing = createWebhookSecrets({ apiSecret, sealer: testSealer, keys: open().store });
      await using _courier = await startCourier(parts, { signing });
      await expect.poll(() => receiver.received.length, SOON).toBe(1);
      const [received] = receiver.received as [Received];
      for (const { webhookSecret = "" } of [made.secrets, rotated])
        expect(new Webhook(webhookSecret).verify(received.body, received.headers)).toBeDefined();
      expect(made.secrets.webhookSecret).toBe(await webhookSecretOf(secretOf(made)));
      const ofEnvironment = await webhookSecretOf(apiSecret);
      expect(() => new Webhook(ofEnvironment).verify(received.body, received.headers)).toThrow();
    });

    it("signs with the secret of the environment for its keys alone: of a session and of unknown ids nothing is sent", async () => {
      const receiver = await startReceiver();
      const ended = async (keyId: string) => parts.end({ keyId, callbackUrl: receiver.url });
      for (const keyId of [`session:${createId()}`, createId(), "key", ""]) await ended(keyId);
      const jobId = await ended("key-89abcdef01234567");
      await using _courier = await startCourier(parts);
      const untried = async () =>
        (await sql`select from comfy.outbox where due_at is not null and tries = 0`.execute(getDatabase().db)).rows
          .length;
      await expect.poll(untried, SOON).toBe(0);
      await expect.poll(() => receiver.received.length, SOON).toBe(1);
      const [received] = receiver.received as [Received];
      const webhook = new Webhook(await webhookSecretOf(apiSecret));
      expect(webhook.verify(received.body, received.headers)).toMatchObject({ jobId });
    });

    it("gets past a receiver that hangs with a hundred deliveries, in the same account and in others", async () => {
      const hanging = await startReceiver(() => undefined);
      const healthy = await startReceiver();
      const slow = await parts.register({ url: hanging.url, events: ["job.failed"] });
      for (let n = 0; n < 100; n++) await parts.end();
      await parts.register({ url: healthy.url });
      await parts.register({ ownerId: "env:other", url: healthy.url });
      await parts.end();
      await parts.end({ ownerId: "env:other" });
      await using _courier = await startCourier(parts);
      await expect.poll(() => healthy.received.length, SOON).toBe(2);
      await expect.poll(() => hanging.received.length, SOON).toBe(4);
      expect(hanging.open.size).toBe(4);
      expect((await readLog(slow.id)).filter(({ tries }) => tries.length > 0)).toEqual([]);
    });

    it("never sends a delivery that another sends, and all of them once", async () => {
      const under = new Map<string, number>();
      const overlaps: string[] = [];
      const receiver = await startReceiver((res, { id }) => {
        under.set(id, (under.get(id) ?? 0) + 1);
        if (under.get(id) !== 1) overlaps.push(id);
        setImmediate(() => res.end());
      });
      for (let n = 0; n < 120; n++) await parts.end({ ownerId: `env:${n % 30}`, callbackUrl: receiver.url });
      await using first = await startCourier(parts, { holder: "first" });
      await using second = await startCourier(parts, { holder: "second" });
      for (let n = 0; n < 20; n++) for (const { knock } of [first, second]) knock();
      await expect.poll(() => receiver.received.length, { ...SOON, timeout: 60_000 }).toBe(120);
      expect(new Set(receiver.ids()).size).toBe(120);
      expect(overlaps).toEqual([]);
    }, 90_000);

    it("disables an endpoint whose receiver is gone, and gives up what it is owed", async () => {
      const receiver = await startReceiver((res) => res.writeHead(410).end());
      const endpoint = await parts.register({ url: receiver.url });
      for (let n = 0; n < 9; n++) await parts.end();
      await using _courier = await startCourier(parts);
      await expect.poll(async () => (await parts.endpoints.find(endpoint))?.disabledReason, SOON).toBe("gone");
      await expect
        .poll(async () => (await readLog(endpoint.id)).every(({ status }) => status === "failed"), SOON)
        .toBe(true);
      expect(receiver.received.length).toBeLessThanOrEqual(4);
    });

    it("asks again when the receiver wants it, and writes down status and timing alone", async () => {
      const receiver = await startReceiver((res) => res.writeHead(429, { "retry-after": "3600" }).end("a secret"));
      const endpoint = await parts.register({ url: receiver.url });
      await parts.end();
      await using _courier = await startCourier(parts);
      await expect.poll(async () => (await readLog(endpoint.id))[0]?.tries.length, SOON).toBe(1);
      const [delivery] = await readLog(endpoint.id);
      expect(delivery?.tries).toEqual([
        {
          n: 1,
          status: 429,
          problem: "The receiver answered with status 429.",
          durationMs: expect.any(Number),
          triedAtMs: expect.any(Number),
        },
      ]);
      expect((delivery?.nextTryAtMs ?? 0) - Date.now()).toBeGreaterThan(3_500_000);
    });

    it("gives a delivery up after a day of failures, and sends it again under the same id when it is replayed", async () => {
      const statuses = [500, 200];
      const receiver = await startReceiver((res) => res.writeHead(statuses.shift() ?? 200).end());
      const endpoint = await parts.register({ url: receiver.url });
      await parts.end();
      await sql`update comfy.outbox set first_tried_at = clock_timestamp() - interval '24 hours'`.execute(parts.db);
      await using courier = await startCourier(parts);
      await expect.poll(async () => (await readLog(endpoint.id))[0]?.status, SOON).toBe("failed");
      await parts.log.replay(receiver.ids()[0] ?? "");
      courier.knock();
      await expect.poll(async () => (await readLog(endpoint.id))[0]?.status, SOON).toBe("delivered");
      expect(new Set(receiver.ids()).size).toBe(1);
      expect((await readLog(endpoint.id))[0]?.tries.map(({ status }) => status)).toEqual([500, 200]);
    });

    it("waits for answers while it drains, and gives back what is not answered by then", async () => {
      const receiver = await startReceiver(() => undefined);
      await parts.end({ callbackUrl: receiver.url });
      {
        await using courier = await startCourier(parts);
        await expect.poll(() => receiver.received.length, SOON).toBe(1);
        await courier.drain(50);
        expect(receiver.open.size).toBe(1);
      }
      expect(await parts.take()).toMatchObject([{ id: receiver.ids()[0], tries: 0 }]);
    });
  });
}
