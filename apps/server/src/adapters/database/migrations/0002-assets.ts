import type { Migration } from "./migrate.ts";

/** Bytes, the files that owners see, what they used, and what is owed to their callbacks. */
export const assetsMigration: Migration = {
  id: "0002-assets",
  sql: `
create table comfy.blobs (
  sha256 text primary key,
  blake3 text,
  size_bytes bigint not null,
  location text not null,
  touched_at timestamptz not null default clock_timestamp(),
  state text not null default 'live' check (state in ('live', 'deleting'))
);
create index blobs_untouched on comfy.blobs (touched_at);

create table comfy.assets (
  id uuid primary key,
  owner_id text not null,
  job_id uuid references comfy.jobs (id),
  sha256 text not null references comfy.blobs (sha256),
  name text not null,
  type text not null,
  source text not null check (source in ('output', 'upload', 'url', 'builtin')),
  -- For outputs: the node that made it, its place among that node's files, and its place among the job's.
  node text,
  index integer,
  position integer,
  created_at timestamptz not null default clock_timestamp(),
  check ((job_id is null) = (position is null))
);
create unique index assets_of_job on comfy.assets (job_id, position) where job_id is not null;
create index assets_of_owner on comfy.assets (owner_id, id desc);
create index assets_of_blob on comfy.assets (sha256);

create table comfy.job_inputs (
  job_id uuid not null references comfy.jobs (id),
  slot text not null,
  asset_id uuid not null references comfy.assets (id),
  primary key (job_id, slot)
);
create index job_inputs_of_asset on comfy.job_inputs (asset_id);

create table comfy.usage (
  job_id uuid primary key references comfy.jobs (id),
  owner_id text not null,
  key_id text not null,
  kind text not null,
  state text not null,
  attempts integer not null,
  waited_ms bigint not null,
  worked_ms bigint not null,
  is_refunded boolean not null,
  ended_at timestamptz not null
);
create index usage_of_owner on comfy.usage (owner_id, ended_at desc);

create table comfy.outbox (
  id uuid primary key,
  job_id uuid not null unique references comfy.jobs (id),
  owner_id text not null,
  url text not null,
  tries integer not null default 0,
  -- When it may be taken next; a taken delivery is due again when its lease ends. Null: nothing is owed any more.
  due_at timestamptz default clock_timestamp(),
  holder text,
  first_tried_at timestamptz,
  delivered_at timestamptz,
  given_up_at timestamptz,
  created_at timestamptz not null default clock_timestamp(),
  check ((due_at is null) = (delivered_at is not null or given_up_at is not null))
);
create index outbox_due on comfy.outbox (due_at) where due_at is not null;

-- Status and timing only: never what was sent or answered.
create table comfy.delivery_tries (
  outbox_id uuid not null references comfy.outbox (id),
  n integer not null,
  tried_at timestamptz not null,
  duration_ms integer not null,
  status integer,
  problem text,
  primary key (outbox_id, n)
);

create table comfy.link_keys (
  id text primary key,
  secret bytea not null,
  created_at timestamptz not null default clock_timestamp()
);
`,
};
