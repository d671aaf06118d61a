import type { Migration } from "./migrate.ts";

/**
 * Many processes: who owns which backend, what a job needs of one, why an attempt came to nothing. And what callers of v1 see: priority,
 * metadata, batches, retries, lists.
 *
 * The indexes are cut so that a job which is begun, acknowledged, renewed or reports progress is rewritten in place: none of the columns
 * that change then is part of an index or of an index's condition.
 */
export const manyWorkersMigration: Migration = {
  id: "0003-many-workers",
  sql: `
create table comfy.batches (
  id uuid primary key,
  owner_id text not null,
  key_id text not null,
  metadata json,
  job_count integer not null,
  created_at timestamptz not null default clock_timestamp()
);

alter table comfy.jobs
  drop constraint jobs_retry_of_key,
  add check (priority between -100 and 100),
  -- Jobs with the same word run on the same backends. Empty: accepted by an earlier version, on any.
  add column needs text collate "C" not null default '',
  -- No backend could take it: not looked at before run_after.
  add column is_postponed boolean not null default false,
  add column batch_id uuid references comfy.batches (id),
  add column metadata json,
  -- One hash for each pair of metadata, to search by.
  add column metadata_pairs uuid[];
update comfy.jobs set is_postponed = true where completed_at is null and lease_holder is null and waiting_reason is not null;

drop index comfy.jobs_waiting;
drop index comfy.jobs_leased;
drop index comfy.jobs_holding_slot;
create index jobs_waiting on comfy.jobs (owner_id, needs, priority desc, seq)
  where completed_at is null and lease_holder is null and not is_postponed;
create index jobs_postponed on comfy.jobs (run_after)
  where completed_at is null and lease_holder is null and is_postponed;
-- As many as there are places on backends: small enough to be read whole, so neither the end of the lease nor the slot is in it.
create index jobs_held on comfy.jobs (owner_id) where lease_holder is not null;
create unique index jobs_retry_of on comfy.jobs (retry_of) where retry_of is not null;
create index jobs_of_batch on comfy.jobs (batch_id, seq desc) where batch_id is not null;
create index jobs_metadata on comfy.jobs using gin (metadata_pairs) where metadata_pairs is not null;

-- Since when the owner was found without waiting jobs. It stays in the queue for a while, because accepts that see it there do not touch
-- its row: fifty of them at once would wait for each other.
alter table comfy.owner_queue add column idle_since timestamptz;

alter table comfy.idempotency_keys
  alter column job_id drop not null,
  add column batch_id uuid,
  add check (num_nonnulls(job_id, batch_id) = 1);

alter table comfy.attempts
  alter column state set default 'sent',
  add column cause text check (cause in ('backend_died', 'unreachable', 'vanished', 'never_arrived', 'out_of_memory', 'interrupted',
    'output_gone', 'stalled'));
update comfy.attempts set ended_at = clock_timestamp() where ended_at is null and state in ('done', 'lost', 'superseded');
drop index comfy.attempts_one_live;
create unique index attempts_one_live on comfy.attempts (job_id) where ended_at is null;

alter table comfy.orphan_prompts
  add column backend_epoch text not null default '',
  drop constraint orphan_prompts_pkey,
  add primary key (prompt_id);
create index orphan_prompts_of_backend on comfy.orphan_prompts (backend_id, until);

-- Null: free. The row stays, so that the epoch grows for ever.
alter table comfy.backend_leases alter column holder drop not null;
create index backend_leases_of_holder on comfy.backend_leases (holder);
-- The processes that render, and until when each is taken to be alive.
create table comfy.holders (
  holder text primary key,
  -- Backends it wants at the most; null: as many as there are.
  capacity integer,
  expires_at timestamptz not null
);

-- Only the owner of a backend sends to it, and it counts the places there itself: beginning an attempt is fenced by the lease. A row for
-- each place would be two more writes for each job and say the same.
drop table comfy.backend_slots;
`,
};
