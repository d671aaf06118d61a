import type { Migration } from "./migrate.ts";

/** Registered receivers of what happens to jobs: one delivery for each of them, beside the one to a job's `callbackUrl`. */
export const webhooksMigration: Migration = {
  id: "0004-webhooks",
  sql: `
create table comfy.webhook_endpoints (
  id uuid primary key,
  owner_id text not null,
  -- Its place among the owner's: never more than 20, also when two are added at the same moment.
  slot smallint not null check (slot between 1 and 20),
  url text not null,
  events text[] not null check (cardinality(events) > 0),
  description text,
  is_enabled boolean not null default true,
  -- Who disabled it: the owner, the receiver (410), or nobody answered for too long.
  disabled_reason text check (disabled_reason in ('owner', 'gone', 'failing')),
  -- The secret is derived from the version; nothing secret is stored.
  secret_version integer not null default 1,
  -- When the newest versions began, newest first: the one before signs along for a day.
  secret_rotations timestamptz[] not null default '{}',
  -- Deliveries given up since the last one that was taken, and since when none was.
  failed_deliveries integer not null default 0,
  failing_since timestamptz,
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  -- The POST that made it, when it had an Idempotency-Key: the SHA-256 of the key, and that of the body.
  idempotency_hash text,
  fingerprint text,
  unique (owner_id, slot),
  unique (owner_id, idempotency_hash),
  check (is_enabled = (disabled_reason is null))
);

-- No foreign key to the endpoint: a job that ends must neither wait for nor fail because of somebody who deletes one.
alter table comfy.outbox
  drop constraint outbox_job_id_key,
  -- Null: a test.
  alter column job_id drop not null,
  -- Null: that of the endpoint, whatever it is at the time.
  alter column url drop not null,
  -- Null: the job's callbackUrl.
  add column endpoint_id uuid,
  add column event text,
  -- Deliveries with one target share its few sends: the endpoint, or the owner and the host of the callbackUrl.
  add column target text,
  -- Grows with every claim: what an earlier holder reports is refused.
  add column lease_epoch integer not null default 0,
  -- Why it was given up when no try says so.
  add column problem text,
  add check ((endpoint_id is null) = (url is not null));
update comfy.outbox o set
  event = case j.state when 'complete' then 'job.completed' when 'cancelled' then 'job.cancelled' else 'job.failed' end,
  target = md5(o.owner_id || ' ' || lower(substring(o.url from '^[^/]*//[^/?#]*')))
from comfy.jobs j where j.id = o.job_id;
alter table comfy.outbox
  alter column event set not null,
  alter column target set not null;

create unique index outbox_once on comfy.outbox (job_id, endpoint_id) nulls not distinct where job_id is not null;
create index outbox_due_by_target on comfy.outbox (target, due_at) where due_at is not null;
create index outbox_under_way on comfy.outbox (owner_id, target) where holder is not null;
create index outbox_to_repeat on comfy.outbox (target) where due_at is not null and holder is null and first_tried_at is not null;
create index outbox_of_endpoint on comfy.outbox (endpoint_id, id desc) where endpoint_id is not null;
create index outbox_settled on comfy.outbox (created_at) where due_at is null;

alter table comfy.delivery_tries
  drop constraint delivery_tries_outbox_id_fkey,
  add foreign key (outbox_id) references comfy.outbox (id) on delete cascade;
`,
};
