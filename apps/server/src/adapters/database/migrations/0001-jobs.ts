import type { Migration } from "./migrate.ts";

/** Jobs, who may run how many, the right to work on them, and what was sent where. */
export const jobsMigration: Migration = {
  id: "0001-jobs",
  sql: `
create table comfy.settings (
  name text primary key,
  value text not null,
  updated_at timestamptz not null default clock_timestamp()
);

-- json, not jsonb: it keeps key order, numbers and escaped zero characters exactly as they came.
create table comfy.jobs (
  id uuid primary key,
  seq bigint generated always as identity,
  owner_id text not null,
  key_id text not null,
  kind text not null,
  state text not null default 'pending'
    check (state in ('pending', 'running', 'collecting', 'complete', 'failed', 'expired', 'cancelled')),
  plan json not null,
  priority smallint not null default 0,
  is_uploaded_to_cloud boolean not null,
  is_abandonable boolean not null,
  callback_url text,
  request_id text not null,
  retry_of uuid unique references comfy.jobs (id),
  -- The UTC day whose generations it was counted in; null: not counted.
  charged_on date,
  created_at timestamptz not null default clock_timestamp(),
  deadline_at timestamptz not null,
  -- Not claimed before this.
  run_after timestamptz not null default clock_timestamp(),
  waiting_reason text,
  cancel_requested_at timestamptz,
  -- The right to work on it. The epoch grows with every claim: what an earlier holder writes is refused.
  lease_epoch integer not null default 0,
  lease_holder text,
  lease_expires_at timestamptz,
  -- Counted in owner_queue.active.
  holds_slot boolean not null default false,
  started_at timestamptz,
  completed_at timestamptz,
  progress json,
  summary json,
  failure json,
  finish_id uuid,
  check ((lease_holder is null) = (lease_expires_at is null)),
  check ((completed_at is not null) = (state in ('complete', 'failed', 'expired', 'cancelled')))
) with (fillfactor = 70);

create index jobs_waiting on comfy.jobs (owner_id, priority desc, seq)
  where state = 'pending' and lease_holder is null;
create index jobs_leased on comfy.jobs (lease_expires_at) where lease_holder is not null;
create index jobs_deadline on comfy.jobs (deadline_at) where completed_at is null;
create index jobs_of_owner on comfy.jobs (owner_id, seq desc);
create index jobs_holding_slot on comfy.jobs (owner_id) where holds_slot;

create function comfy.refuse_change_of_ended_job() returns trigger language plpgsql as $$
begin
  raise exception 'Job % has ended: its row does not change any more.', old.id using errcode = 'restrict_violation';
end $$;
create trigger ended_jobs_are_immutable before update on comfy.jobs
  for each row when (old.completed_at is not null) execute function comfy.refuse_change_of_ended_job();

-- Owners are iterated, not jobs. vtime is the owner's virtual time: it grows with what it was given, and the smallest is next.
create table comfy.owner_queue (
  owner_id text primary key,
  concurrent_jobs integer,
  active integer not null default 0 check (active >= 0),
  weight double precision not null default 1 check (weight > 0),
  vtime double precision not null default 0,
  has_waiting boolean not null default true
) with (fillfactor = 70);
create index owner_queue_waiting on comfy.owner_queue (vtime) where has_waiting;

create table comfy.generations_per_day (
  owner_id text not null,
  day date not null,
  count integer not null check (count >= 0),
  primary key (owner_id, day)
);

create table comfy.idempotency_keys (
  owner_id text not null,
  surface text not null,
  -- SHA-256: a key is up to 255 characters of anything.
  key_hash text not null,
  fingerprint text not null,
  job_id uuid not null,
  created_at timestamptz not null default clock_timestamp(),
  primary key (owner_id, surface, key_hash)
);
create index idempotency_keys_age on comfy.idempotency_keys (created_at);

create table comfy.used_signatures (
  hash text primary key,
  expires_at timestamptz not null
);
create index used_signatures_expiry on comfy.used_signatures (expires_at);

-- Written before the prompt is sent: what an heir finds when its worker is gone. The id is the prompt id.
create table comfy.attempts (
  id uuid primary key,
  job_id uuid not null references comfy.jobs (id),
  n integer not null,
  backend_id text not null,
  backend_epoch text not null,
  lease_epoch integer not null,
  state text not null default 'intended'
    check (state in ('intended', 'sent', 'acked', 'done', 'lost', 'superseded')),
  graph json not null,
  summary json not null,
  output_nodes json not null,
  created_at timestamptz not null default clock_timestamp(),
  sent_at timestamptz,
  acked_at timestamptz,
  ended_at timestamptz,
  unique (job_id, n)
);
create unique index attempts_one_live on comfy.attempts (job_id) where state in ('intended', 'sent', 'acked');

-- Prompts that nobody waits for any more but that a backend may still hold: to be deleted there, by id, when they appear.
create table comfy.orphan_prompts (
  backend_id text not null,
  prompt_id uuid not null,
  until timestamptz not null,
  primary key (backend_id, prompt_id)
);

-- One process at a time sends to a backend.
create table comfy.backend_leases (
  backend_id text primary key,
  holder text not null,
  epoch integer not null,
  expires_at timestamptz not null
);
create table comfy.backend_slots (
  backend_id text not null,
  slot integer not null,
  attempt_id uuid not null references comfy.attempts (id),
  taken_at timestamptz not null default clock_timestamp(),
  released_at timestamptz
);
create unique index backend_slots_taken on comfy.backend_slots (backend_id, slot) where released_at is null;
`,
};
