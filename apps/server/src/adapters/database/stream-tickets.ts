import { type Kysely, sql } from "kysely";
import type { Caller } from "../../access/caller.ts";
import type { TicketStore } from "../../access/stream-tickets.ts";
import type { Tables } from "./tables.ts";

/** Expired tickets that each new one takes away. */
const SWEPT = 10;

interface TicketRow {
  readonly hash: string;
  readonly job_id: string;
  /** Written by us alone, so of the shape it was written in. */
  readonly caller: Caller;
}

export function createTicketStore(db: Kysely<Tables>): TicketStore {
  return {
    async insert({ hash, jobId, caller }, ttlMs) {
      await sql`
        with expired as (
          select hash from comfy.stream_tickets where expires_at < clock_timestamp()
          order by expires_at limit ${SWEPT} for update skip locked
        ), swept as (
          delete from comfy.stream_tickets where hash in (select hash from expired)
        )
        insert into comfy.stream_tickets (hash, job_id, caller, expires_at)
        values (${hash}, ${jobId}::uuid, ${JSON.stringify(caller)}::jsonb,
          clock_timestamp() + ${ttlMs} * interval '1 millisecond')`.execute(db);
    },
    async take(hash) {
      const { rows } = await sql<TicketRow>`
        delete from comfy.stream_tickets where hash = ${hash} and expires_at > clock_timestamp()
        returning hash, job_id, caller`.execute(db);
      const [row] = rows;
      return row && { hash: row.hash, jobId: row.job_id, caller: row.caller };
    },
  };
}
