import { createHash, randomBytes } from "node:crypto";
import { AppError } from "../errors.ts";
import type { Authenticate } from "./authenticate.ts";
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
   * @throws AppError `invalid_ticket` when it was used, has expired, is for another job, or is of a key or session that has ended
   */
  redeem(ticket: string, jobId: string): Promise<Caller>;
}

export interface StreamTicketsOptions {
  readonly store: TicketStore;
  /** Whether what a caller came with is still good. */
  readonly isStillWelcome: Authenticate["isStillWelcome"];
}

const toHash = (ticket: string): string => createHash("sha256").update(ticket).digest("hex");

/**
 * Single-use tickets for browsers, whose WebSocket and EventSource cannot send headers: whoever holds the key gets one and passes it on,
 * and it opens the events of that one job once.
 */
export function createStreamTickets({ store, isStillWelcome }: StreamTicketsOptions): StreamTickets {
  return {
    async issue(caller, jobId) {
      const ticket = randomBytes(SIZE_BYTES).toString("base64url");
      await store.insert({ hash: toHash(ticket), jobId, caller }, TTL_MS);
      return { ticket, ttlMs: TTL_MS };
    },
    async redeem(ticket, jobId) {
      const record = TICKET.test(ticket) ? await store.take(toHash(ticket)) : undefined;
      // What asked for it may have been revoked since, and a job that has ended is told whole at once.
      if (record?.jobId === jobId && (await isStillWelcome(record.caller))) return { ...record.caller, via: "ticket" };
      throw new AppError(
        "invalid_ticket",
        "The ticket was used, has expired, is for another job, or is one of a key or session that has ended: POST /api/v1/jobs/{id}/ticket gives a new one.",
      );
    },
  };
}
