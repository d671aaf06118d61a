import { Client, types } from "pg";
import type { AttemptRow, DatabaseDump, JobRow, OwnerRow, UsageRow } from "../evidence/records.ts";

/** What one asks the database past the network that is struck. */
export interface Witness {
  /** Unfinished jobs by state; undefined while the database is away. `cancelling` is a flag there and a state here. */
  sampleStates(): Promise<Readonly<Record<string, number>> | undefined>;
  /** What still has to happen; undefined while the database is away. */
  countOpen(): Promise<OpenWork | undefined>;
  /** Makes deliveries that wait for their next try due now: five minutes of waiting would prove no more. */
  hastenDeliveries(): Promise<void>;
  dump(): Promise<DatabaseDump>;
  /** Changes what was written, past every trigger and key. */
  tamper(text: string, values: readonly unknown[]): Promise<void>;
  read<Row>(text: string, values: readonly unknown[]): Promise<Row[]>;
}

export interface OpenWork {
  /** A word where the database did not say. */
  readonly jobs: number | string;
  readonly deliveries: number | string;
}

const TIMEOUT_MS = 5_000;
const INT8 = 20;
const getTypeParser = (oid: number, format?: "text" | "binary") =>
  oid === INT8 ? Number : types.getTypeParser(oid, format as "text");

const toMs = (column: string) => `(extract(epoch from ${column}) * 1000)::float8`;

const STATES = `
  select case when cancel_requested_at is not null then 'cancelling' else state end as state, count(*)::int as count
  from comfy.jobs where completed_at is null group by 1
  union all
  select 'just sent', count(*)::int from comfy.attempts where state = 'sent' having count(*) > 0`;

const JOBS = `
  select id, owner_id, state, failure ->> 'code' as failure_code, callback_url, ${toMs("created_at")} as created_at, ${toMs("completed_at")} as completed_at,
    lease_holder, holds_slot, (select count(*)::int from comfy.assets a where a.job_id = j.id) as assets
  from comfy.jobs j order by seq`;

// Through JSON, so that a column this version does not have yet is null and no error.
const ATTEMPTS = `
  select id, job_id, n, backend_id, state, to_jsonb(t) ->> 'cause' as cause, ${toMs("created_at")} as created_at,
    ${toMs("ended_at")} as ended_at, ${toMs("(to_jsonb(t) ->> 'running_at')::timestamptz")} as running_at, ${toMs("(to_jsonb(t) ->> 'rendered_at')::timestamptz")} as rendered_at
  from comfy.attempts t order by job_id, n`;

const OPEN = `
  select (select count(*)::int from comfy.jobs where completed_at is null) as jobs,
    (select count(*)::int from comfy.outbox where due_at is not null) as deliveries`;

export function createWitness(url: string): Witness {
  /** A connection per question: the last one may have died with the server. */
  async function ask<Row>(text: string, values: readonly unknown[] = [], before?: string): Promise<Row[]> {
    const client = new Client({
      connectionString: url,
      connectionTimeoutMillis: TIMEOUT_MS,
      query_timeout: TIMEOUT_MS,
      types: { getTypeParser },
    });
    client.on("error", () => undefined);
    try {
      await client.connect();
      if (before !== undefined) await client.query(before);
      const { rows } = await client.query(text, [...values]);
      return rows as Row[];
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  return {
    async sampleStates() {
      const rows = await ask<{ state: string; count: number }>(STATES).catch(() => undefined);
      return rows && Object.fromEntries(rows.map(({ state, count }) => [state, count]));
    },
    async countOpen() {
      const rows = await ask<OpenWork>(OPEN).catch(() => undefined);
      return rows?.[0];
    },
    async hastenDeliveries() {
      await ask(
        "update comfy.outbox set due_at = clock_timestamp() where due_at > clock_timestamp() + interval '10 s'",
      );
    },
    async dump() {
      const [jobs, attempts, usage, owners] = await Promise.all([
        ask<JobRow>(JOBS),
        ask<AttemptRow>(ATTEMPTS),
        ask<UsageRow>("select job_id, state, attempts, worked_ms from comfy.usage"),
        ask<OwnerRow>("select owner_id, active from comfy.owner_queue"),
      ]);
      return { jobs, attempts, usage, owners };
    },
    tamper: async (text, values) => void (await ask(text, values, "set session_replication_role = replica")),
    read: ask,
  };
}
