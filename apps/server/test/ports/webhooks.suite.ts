import { sql } from "kysely";
import { beforeEach, describe, expect, it } from "vitest";
import { runUpkeep } from "../../src/adapters/database/upkeep.ts";
import { createId } from "../../src/ids.ts";
import { ENDPOINTS_MAX } from "../../src/jobs/webhook-store.ts";
import { type GetDatabase, readCount } from "./set-up.ts";
import { createWebhookParts, OWNER, type WebhookParts } from "./webhook-set-up.ts";

const STRANGER = "env:stranger";

/** What registered endpoints and the delivery log promise. */
export function webhooksSuite(getDatabase: GetDatabase): void {
  let parts: WebhookParts;
  beforeEach(() => {
    parts = createWebhookParts(getDatabase);
  });

  async function takeOne() {
    const [delivery] = await parts.take(1);
    if (!delivery) throw new Error("Nothing was due.");
    return delivery;
  }

  describe("an endpoint", () => {
    it("is read, listed, changed and deleted by its owner, and is not there for anybody else", async () => {
      const made = await parts.register({ description: "mine", events: ["job.failed"] });
      const strangers = { ownerId: STRANGER, id: made.id };
      expect(await parts.endpoints.find(made)).toEqual(made);
      expect(await parts.endpoints.list(OWNER)).toEqual([made]);
      for (const found of [
        await parts.endpoints.find(strangers),
        await parts.endpoints.update(strangers, { isEnabled: false }),
        await parts.endpoints.rotateSecret(strangers),
        await parts.endpoints.find({ ownerId: OWNER, id: "' or true --" }),
      ])
        expect(found).toBeUndefined();
      expect(await parts.endpoints.list(STRANGER)).toEqual([]);
      expect(await parts.endpoints.remove(strangers)).toBe(false);
      const changed = await parts.endpoints.update(made, { url: "https://new.example", description: null });
      expect(changed).toMatchObject({ url: "https://new.example", events: ["job.failed"], isEnabled: true });
      expect(changed).not.toHaveProperty("description");
      expect(await parts.endpoints.remove(made)).toBe(true);
      expect(await parts.endpoints.find(made)).toBeUndefined();
    });

    it("is one of twenty at the most, also when many are added at once", async () => {
      const outcomes = await Promise.allSettled(Array.from({ length: 25 }, () => parts.register()));
      expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(ENDPOINTS_MAX);
      const [first] = await parts.endpoints.list(OWNER);
      await parts.endpoints.remove({ ownerId: OWNER, id: first?.id ?? "" });
      await parts.register();
      await parts.register({ ownerId: STRANGER });
    });

    it("is made once for an idempotency key, also by two requests at once, and not with another body", async () => {
      const idempotency = { keyHash: "k".repeat(64), fingerprint: "f".repeat(64) };
      const events = ["job.failed"] as const;
      const insert = (changes: object = {}) =>
        parts.endpoints.insert({
          ...{ id: createId(), ownerId: OWNER, url: "https://a.example", events, idempotency },
          ...changes,
        });
      const outcomes = await Promise.all([insert(), insert(), insert()]);
      expect(outcomes.map(({ type }) => type).sort()).toEqual(["made", "replayed", "replayed"]);
      expect(await insert({ idempotency: { ...idempotency, fingerprint: "other" } })).toEqual({
        type: "idempotency_key_reused",
      });
      expect(await insert({ ownerId: STRANGER })).toMatchObject({ type: "made" });
      expect(await parts.endpoints.list(OWNER)).toHaveLength(1);
    });

    it("gets what is owed at the address it has at the time", async () => {
      const endpoint = await parts.register({ url: "https://old.example" });
      await parts.end();
      await parts.endpoints.update(endpoint, { url: "https://new.example" });
      expect(await takeOne()).toMatchObject({ url: "https://new.example" });
    });

    it("that is deleted takes its log along, and a delivery that is being sent ends without a trace", async () => {
      const endpoint = await parts.register();
      await parts.end();
      const sent = await takeOne();
      await parts.endpoints.remove(endpoint);
      await parts.outbox.settle(sent, { status: 200, durationMs: 1 }, "delivered");
      for (const table of ["outbox", "delivery_tries"]) expect(await readCount(parts.db, `comfy.${table}`)).toBe(0);
    });

    it("signs with the new secret, and for a day with those it replaced", async () => {
      const endpoint = await parts.register();
      await parts.end();
      expect(await takeOne()).toMatchObject({ endpoint: { secretVersions: [1] } });
      await parts.endpoints.rotateSecret(endpoint);
      expect(await parts.endpoints.rotateSecret(endpoint)).toMatchObject({ secretVersion: 3 });
      await parts.makeDue();
      expect(await takeOne()).toMatchObject({ endpoint: { secretVersions: [3, 2, 1] } });
      await sql`update comfy.webhook_endpoints set
        secret_rotations = array[secret_rotations[1], secret_rotations[2] - interval '25 hours']`.execute(parts.db);
      await parts.makeDue();
      expect(await takeOne()).toMatchObject({ endpoint: { secretVersions: [3, 2] } });
    });
  });

  describe("a disabled endpoint", () => {
    it("receives nothing: what was owed is given up, also what became owed in the same moment", async () => {
      const endpoint = await parts.register();
      await parts.end();
      const off = await parts.endpoints.update(endpoint, { isEnabled: false });
      expect(off).toMatchObject({ isEnabled: false, disabledReason: "owner" });
      await parts.log.insertTest({ id: createId(), ownerId: OWNER, endpointId: endpoint.id });
      await parts.end();
      expect(await parts.take()).toEqual([]);
      await runUpkeep(parts.db, { isVacuumed: false });
      const log = await parts.log.list({ ownerId: OWNER, endpointId: endpoint.id }, { limit: 10 });
      expect(log.map(({ status, problem }) => [status, problem])).toEqual(
        Array(2).fill(["failed", "The endpoint was disabled."]),
      );
      expect(await parts.endpoints.update(endpoint, { isEnabled: true })).not.toHaveProperty("disabledReason");
      await parts.end();
      expect(await parts.take()).toHaveLength(1);
    });

    it("is one whose receiver answered that it is gone", async () => {
      const endpoint = await parts.register();
      await parts.end();
      const gone = { status: 410, problem: "gone", durationMs: 5 };
      expect(await parts.outbox.settle(await takeOne(), gone, "gone")).toEqual({ disabledEndpointId: endpoint.id });
      expect(await parts.endpoints.find(endpoint)).toMatchObject({ isEnabled: false, disabledReason: "gone" });
    });

    it("is one that took nothing for a day, at the fifth delivery given up", async () => {
      const endpoint = await parts.register();
      const fail = async () => {
        await parts.end();
        return parts.giveUp(await takeOne());
      };
      for (let n = 0; n < 6; n++) expect(await fail()).toEqual({});
      await sql`update comfy.webhook_endpoints set failing_since = failing_since - interval '25 hours'`.execute(
        parts.db,
      );
      expect(await fail()).toEqual({ disabledEndpointId: endpoint.id });
      expect(await parts.endpoints.find(endpoint)).toMatchObject({ isEnabled: false, disabledReason: "failing" });
    });

    it("is none that took anything meanwhile, nor one whose tests fail", async () => {
      const endpoint = await parts.register();
      for (let n = 0; n < 12; n++) {
        await parts.log.insertTest({ id: createId(), ownerId: OWNER, endpointId: endpoint.id });
        await parts.giveUp(await takeOne());
      }
      expect(await parts.endpoints.find(endpoint)).not.toHaveProperty("failingSinceMs");
      for (let n = 0; n < 10; n++) {
        await parts.end();
        const delivery = await takeOne();
        await sql`update comfy.webhook_endpoints set failing_since = failing_since - interval '25 hours'`.execute(
          parts.db,
        );
        if (n % 4 === 3) await parts.outbox.settle(delivery, { status: 200, durationMs: 5 }, "delivered");
        else await parts.giveUp(delivery);
      }
      expect(await parts.endpoints.find(endpoint)).toMatchObject({ isEnabled: true });
    });
  });

  describe("the delivery log", () => {
    it("tells status and timing of each try, page by page, newest first, to the owner alone", async () => {
      const endpoint = await parts.register();
      const of = { ownerId: OWNER, endpointId: endpoint.id };
      const jobIds = [await parts.end(), await parts.end(), await parts.end()];
      const delivery = await takeOne();
      await parts.outbox.settle(delivery, { status: 503, problem: "busy", durationMs: 40 }, { nextInMs: 60_000 });
      const page = await parts.log.list(of, { limit: 2 });
      expect(page.map(({ jobId }) => jobId)).toEqual(jobIds.slice(1).reverse());
      const [oldest] = await parts.log.list(of, { limit: 2, beforeId: page[1]?.id ?? "" });
      expect(oldest).toMatchObject({
        ...{ id: delivery.id, status: "pending", event: "job.failed", jobId: jobIds[0], endpointId: endpoint.id },
        tries: [{ n: 1, status: 503, problem: "busy", durationMs: 40, triedAtMs: expect.any(Number) }],
      });
      expect(oldest?.nextTryAtMs).toBeGreaterThan(Date.now() + 50_000);
      expect(await parts.log.list({ ownerId: STRANGER, endpointId: endpoint.id }, { limit: 9 })).toEqual([]);
      expect(await parts.log.list({ ownerId: OWNER, jobId: jobIds[2] ?? "" }, { limit: 9 })).toHaveLength(1);
      expect(await parts.log.find({ ownerId: STRANGER, jobId: jobIds[0] ?? "" }, delivery.id)).toBeUndefined();
    });

    it("replays what was taken or given up: the same id, the schedule begun anew, the tries counted on", async () => {
      const jobId = await parts.end({ callbackUrl: "https://example.com" });
      const given = await takeOne();
      await sql`update comfy.outbox set first_tried_at = first_tried_at - interval '25 hours'`.execute(parts.db);
      await parts.giveUp(given);
      await parts.log.replay(given.id);
      const again = await takeOne();
      expect(again).toMatchObject({ id: given.id, tries: 1 });
      expect(again.sinceFirstTryMs).toBeLessThan(60_000);
      await parts.outbox.settle(again, { status: 200, durationMs: 5 }, "delivered");
      expect(await parts.log.find({ ownerId: OWNER, jobId }, given.id)).toMatchObject({
        status: "delivered",
        tries: [{ n: 1 }, { n: 2 }],
      });
      await parts.log.replay(given.id);
      expect((await takeOne()).id).toBe(given.id);
    });

    it("does not replay what is being sent at the moment", async () => {
      await parts.end({ callbackUrl: "https://example.com" });
      const sent = await takeOne();
      await parts.log.replay(sent.id);
      expect(await parts.take()).toEqual([]);
    });
  });
}
