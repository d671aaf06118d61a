import { createHash, randomBytes } from "node:crypto";
import { AppError } from "../errors.ts";
import type { Caller } from "./caller.ts";

/** Long enough to be carried to a browser and used there, too short to be of use in a log that is read later. */
const TTL_MS = 60_000;
const SIZE_BYTES = 32;
const TICKET = /^[\w-]{43}$/;

export interface TicketRecord {
  /** Lowercase hex SHA-256 of the ticket: the ticket itself is kept nowhere. */
  readonly hash: string;
  readonly jobId: string;
  readonly caller: Caller;
}

/** Where tickets wait to be used, for all processes. */
export interface TicketStore {
  insert(record: TicketRecord, ttlMs: number): Promise<void>;
  /** Gives a ticket that has not expired, once. */
  take(hash: string): Promise<TicketRecord | undefined>;
}

export interface StreamTickets {
  /** A ticket for the events of one job of this caller, and how long it is good for. */
  issue(caller: Caller, jobId: string): Promise<{ readonly ticket: string; readonly ttlMs: number }>;
  /**
   * Who a ticket stands for.
   * @throws AppError `invalid_ticket` when it was used, has expired, or is for another job
   */
  redeem(ticket: string, jobId: string): Promise<Caller>;
}

const toHash = (ticket: string): string => createHash("sha256").update(ticket).digest("hex");

/**
 * Single-use tickets for browsers, whose WebSocket and EventSource cannot send headers: whoever holds the key gets one and passes it on,
 * and it opens the events of that one job once.
 */
export function createStreamTickets({ store }: { readonly store: TicketStore }): StreamTickets {
  return {
    async issue(caller, jobId) {
      const ticket = randomBytes(SIZE_BYTES).toString("base64url");
      await store.insert({ hash: toHash(ticket), jobId, caller }, TTL_MS);
      return { ticket, ttlMs: TTL_MS };
    },
    async redeem(ticket, jobId) {
      const record = TICKET.test(ticket) ? await store.take(toHash(ticket)) : undefined;
      if (record?.jobId === jobId) return { ...record.caller, via: "ticket" };
      throw new AppError(
        "invalid_ticket",
        "The ticket was used, has expired, or is for another job: POST /api/v1/jobs/{id}/ticket gives a new one.",
      );
    },
  };
}
