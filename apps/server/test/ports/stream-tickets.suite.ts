import { tiers } from "@comfy/contracts";
import { sql } from "kysely";
import { describe, expect, it } from "vitest";
import type { Caller } from "../../src/access/caller.ts";
import { createStreamTickets } from "../../src/access/stream-tickets.ts";
import { createTicketStore } from "../../src/adapters/database/stream-tickets.ts";
import { createId } from "../../src/ids.ts";
import type { GetDatabase } from "./set-up.ts";
import { readCount } from "./set-up.ts";

const caller: Caller = {
  ...{ ownerId: "env:owner", keyId: "key", tier: "pro", limits: tiers.pro },
  ...{ scopes: ["read"], via: "signature" },
};

export function streamTicketsSuite(getDatabase: GetDatabase): void {
  describe("a ticket for the events of a job", () => {
    const open = () =>
      createStreamTickets({ store: createTicketStore(getDatabase().db), isStillWelcome: async () => true });

    it("stands for the caller who asked for it, once", async () => {
      const tickets = open();
      const jobId = createId();
      const { ticket, ttlMs } = await tickets.issue(caller, jobId);
      expect(ttlMs).toBe(60_000);
      expect(await tickets.redeem(ticket, jobId)).toEqual({ ...caller, via: "ticket" });
      await expect(tickets.redeem(ticket, jobId)).rejects.toMatchObject({ code: "invalid_ticket", status: 401 });
    });

    it("opens once, however many try at the same moment", async () => {
      const tickets = open();
      const jobId = createId();
      const { ticket } = await tickets.issue(caller, jobId);
      const tries = await Promise.allSettled(Array.from({ length: 20 }, () => tickets.redeem(ticket, jobId)));
      expect(tries.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    });

    it("opens no other job, and is spent by the try", async () => {
      const tickets = open();
      const jobId = createId();
      const { ticket } = await tickets.issue(caller, jobId);
      await expect(tickets.redeem(ticket, createId())).rejects.toMatchObject({ code: "invalid_ticket" });
      await expect(tickets.redeem(ticket, jobId)).rejects.toMatchObject({ code: "invalid_ticket" });
    });

    it("is of no use after a minute, and is swept when others are made", async () => {
      const { db } = getDatabase();
      const tickets = open();
      const jobId = createId();
      const { ticket } = await tickets.issue(caller, jobId);
      await sql`update comfy.stream_tickets set expires_at = clock_timestamp() - interval '1 second'`.execute(db);
      await expect(tickets.redeem(ticket, jobId)).rejects.toMatchObject({ code: "invalid_ticket" });
      await tickets.issue(caller, jobId);
      expect(await readCount(db, "comfy.stream_tickets")).toBe(1);
    });

    it("is kept as a hash alone", async () => {
      const { db } = getDatabase();
      const { ticket } = await open().issue(caller, createId());
      const { rows } = await sql<{ text: string }>`select t::text as text from comfy.stream_tickets t`.execute(db);
      expect(rows.map(({ text }) => text).join()).not.toContain(ticket);
    });

    it.each(["", "x", "a".repeat(10_000), "'; drop table comfy.jobs; --"])("is nothing else: %.30s", async (text) => {
      await expect(open().redeem(text, createId())).rejects.toMatchObject({ code: "invalid_ticket" });
    });
  });
}
