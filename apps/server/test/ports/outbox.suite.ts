import { sql } from "kysely";
import { beforeEach, describe, expect, it } from "vitest";
import { runUpkeep } from "../../src/adapters/database/upkeep.ts";
import type { OwedDelivery } from "../../src/jobs/outbox.ts";
import { acceptAndClaim, cancelled, complete, createOutput, type GetDatabase, readCount } from "./set-up.ts";
import { CALLBACK, createWebhookParts, OWNER, type WebhookParts } from "./webhook-set-up.ts";

const first = ([delivery]: readonly OwedDelivery[]): OwedDelivery => {
  if (!delivery) throw new Error("Nothing was due.");
  return delivery;
};

/** What the outbox promises: what is owed, to whom it is lent, and what becomes of it. */
export function outboxSuite(getDatabase: GetDatabase): void {
  let parts: WebhookParts;
  beforeEach(() => {
    parts = createWebhookParts(getDatabase);
  });

  describe("an ended job", () => {
    it("owes one delivery to its callback, and none without one", async () => {
      await parts.end();
      expect(await parts.take()).toEqual([]);
      const jobId = await parts.end({ callbackUrl: CALLBACK });
      expect(await parts.take()).toEqual([
        expect.objectContaining({ jobId, ownerId: OWNER, url: CALLBACK, tries: 0, event: "job.failed" }),
      ]);
    });

    it("owes one to each enabled endpoint of its owner that asked for the event, beside its callback", async () => {
      const all = await parts.register({ url: "https://all.example" });
      const done = await parts.register({ events: ["job.completed"] });
      await parts.register({ events: ["job.failed", "job.cancelled"] });
      await parts.register({ ownerId: "env:other" });
      const off = await parts.register();
      await parts.endpoints.update(off, { isEnabled: false });
      await parts.end({ callbackUrl: CALLBACK }, complete(createOutput()));
      const owed = await parts.take();
      expect(owed.map(({ endpoint }) => endpoint?.id).sort()).toEqual([all.id, done.id, undefined]);
      expect(owed.map(({ event }) => event)).toEqual(Array(3).fill("job.completed"));
      expect(new Set(owed.map(({ id }) => id)).size).toBe(3);
      expect(owed.find(({ endpoint }) => endpoint?.id === all.id)?.url).toBe("https://all.example");
    });

    it("that was cancelled is told as cancelled", async () => {
      await parts.register({ events: ["job.cancelled"] });
      const { job, lease } = await acceptAndClaim(parts.jobs);
      await parts.jobs.finish({ jobId: job.id, lease, ending: cancelled, isRefunded: false });
      expect(await parts.take()).toMatchObject([{ event: "job.cancelled", jobId: job.id }]);
    });
  });

  describe("a delivery", () => {
    it("is lent to one at a time, and to another when the lease ran out", async () => {
      await parts.end({ callbackUrl: CALLBACK });
      const lent = first(await parts.take(1, 0));
      const again = first(await parts.take());
      expect(again.id).toBe(lent.id);
      expect(again.leaseEpoch).toBeGreaterThan(lent.leaseEpoch);
      expect(await parts.take()).toEqual([]);
    });

    it("that failed is owed again after its delay, under the same id, its time counted from the first try", async () => {
      await parts.end({ callbackUrl: CALLBACK });
      const owed = first(await parts.take());
      const try_ = { status: 503, problem: "503", durationMs: 40.6 };
      await parts.outbox.settle(owed, try_, { nextInMs: 60_000 });
      expect(await parts.take()).toEqual([]);
      await sql`update comfy.outbox set due_at = clock_timestamp(), first_tried_at = first_tried_at - interval '1 hour'`.execute(
        parts.db,
      );
      const again = first(await parts.take());
      expect(again).toMatchObject({ id: owed.id, tries: 1 });
      expect(again.sinceFirstTryMs).toBeGreaterThanOrEqual(3_600_000);
      await parts.outbox.settle(again, { status: 200, durationMs: 5 }, "delivered");
      expect(await readCount(parts.db, "comfy.delivery_tries")).toBe(2);
    });

    it("is owed no more once it was taken or given up, whatever is reported later", async () => {
      for (const host of ["a", "b"]) await parts.end({ callbackUrl: `https://${host}.example` });
      const [one, two] = await parts.take();
      if (!one || !two) throw new Error("Two were owed.");
      await parts.outbox.settle(one, { status: 204, durationMs: 5 }, "delivered");
      await parts.outbox.settle(two, { problem: "refused\0", durationMs: 5 }, "given_up");
      await parts.outbox.settle(one, { problem: "late", durationMs: 5 }, { nextInMs: 0 });
      expect(await parts.take()).toEqual([]);
    });

    it("that somebody else sends by now is not disturbed by the failure of an earlier holder, but by its success", async () => {
      await parts.end({ callbackUrl: CALLBACK });
      const stale = first(await parts.take(1, 0));
      const fresh = first(await parts.take());
      await parts.outbox.settle(stale, { problem: "late", durationMs: 5 }, { nextInMs: 0 });
      await parts.outbox.release(stale);
      expect(await parts.take()).toEqual([]);
      await parts.outbox.settle(stale, { status: 200, durationMs: 5 }, "delivered");
      await parts.outbox.settle(fresh, { problem: "timeout", durationMs: 5 }, { nextInMs: 0 });
      expect(await parts.take()).toEqual([]);
    });

    it("that was given back is due at once", async () => {
      await parts.end({ callbackUrl: CALLBACK });
      const lent = first(await parts.take());
      await parts.outbox.release(lent);
      expect(first(await parts.take()).id).toBe(lent.id);
    });
  });

  describe("a target", () => {
    it("holds four sends at once and two once a try has failed; an owner eight; the others go past", async () => {
      const slow = await parts.register({ url: "https://slow.example" });
      for (let n = 0; n < 10; n++) await parts.end();
      const held = await parts.take();
      expect(held.map(({ endpoint }) => endpoint?.id)).toEqual(Array(4).fill(slow.id));
      await parts.end({ ownerId: "env:other", callbackUrl: CALLBACK });
      expect(await parts.take()).toMatchObject([{ ownerId: "env:other" }]);
      for (const delivery of held) await parts.outbox.settle(delivery, { durationMs: 5 }, { nextInMs: 60_000 });
      expect(await parts.take()).toHaveLength(2);
      for (const host of "abcdefgh") await parts.end({ callbackUrl: `https://${host}.example/x` });
      expect(await parts.take()).toHaveLength(6);
    });

    it("goes before the second delivery of any other", async () => {
      const one = await parts.register({ ownerId: "env:a" });
      const two = await parts.register({ ownerId: "env:b" });
      for (let n = 0; n < 3; n++) await parts.end({ ownerId: "env:a" });
      await parts.end({ ownerId: "env:b" });
      const taken = await parts.take(2);
      expect(taken.map(({ endpoint }) => endpoint?.id).sort()).toEqual([one.id, two.id].sort());
    });

    it("of callbacks is the host, whatever the path and the case", async () => {
      const urls = ["https://A.example/1", "https://a.example/2", "https://a.example?3", "https://a.example#4"];
      for (const callbackUrl of [...urls, "https://a.example:444/5"]) await parts.end({ callbackUrl });
      await parts.end({ callbackUrl: "https://a.example/6" });
      expect(await parts.take()).toHaveLength(5);
    });
  });

  describe("upkeep of deliveries", () => {
    it("forgets what was settled 30 days ago, with its tries, and nothing that is owed", async () => {
      await parts.end({ callbackUrl: CALLBACK });
      await parts.outbox.settle(first(await parts.take()), { status: 200, durationMs: 5 }, "delivered");
      await parts.end({ callbackUrl: CALLBACK });
      await sql`update comfy.outbox set created_at = created_at - interval '31 days'`.execute(parts.db);
      await runUpkeep(parts.db, { isVacuumed: false });
      expect(await readCount(parts.db, "comfy.outbox")).toBe(2);
      await sql`update comfy.outbox set delivered_at = delivered_at - interval '31 days'`.execute(parts.db);
      await runUpkeep(parts.db, { isVacuumed: false });
      expect(await parts.take()).toHaveLength(1);
      expect(await readCount(parts.db, "comfy.outbox")).toBe(1);
      expect(await readCount(parts.db, "comfy.delivery_tries")).toBe(0);
    });
  });
}
