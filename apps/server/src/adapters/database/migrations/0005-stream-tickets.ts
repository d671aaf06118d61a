import type { Migration } from "./migrate.ts";

/** Tickets that open the events of one job once. */
export const streamTicketsMigration: Migration = {
  id: "0005-stream-tickets",
  sql: `
create table comfy.stream_tickets (
  -- SHA-256 of the ticket, hex.
  hash text primary key,
  job_id uuid not null,
  -- Who asked for it, as it was then: id, tier and limits.
  caller jsonb not null,
  expires_at timestamptz not null
);
create index stream_tickets_expired on comfy.stream_tickets (expires_at);
`,
};
