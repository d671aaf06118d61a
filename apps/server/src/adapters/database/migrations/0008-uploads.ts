import type { Migration } from "./migrate.ts";

/** Uploads in parts, and lists of files. */
export const uploadsMigration: Migration = {
  id: "0008-uploads",
  sql: `
create table comfy.uploads (
  id uuid primary key,
  owner_id text not null,
  name text not null,
  size_bytes bigint not null check (size_bytes > 0),
  part_size_bytes integer not null check (part_size_bytes > 0),
  -- What the content must turn out to be, where that was said.
  type text,
  sha256 text,
  is_location_stripped boolean not null default false,
  -- All that was ever kept of its parts, those included that others have replaced.
  sent_bytes bigint not null default 0,
  -- What it became. It may be deleted before the upload is forgotten.
  asset_id uuid references comfy.assets (id) on delete set null,
  completed_at timestamptz,
  created_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz not null
);
create index uploads_open on comfy.uploads (owner_id, expires_at) where completed_at is null;
create index uploads_expired on comfy.uploads (expires_at);
-- Else a deleted asset would look through all of them.
create index uploads_of_asset on comfy.uploads (asset_id) where asset_id is not null;

-- The bytes of a part are a blob that no asset names: swept a day after they were last touched, and an upload lives for half of that.
create table comfy.upload_parts (
  upload_id uuid not null references comfy.uploads (id) on delete cascade,
  n integer not null check (n > 0),
  sha256 text not null,
  size_bytes integer not null,
  location text not null,
  primary key (upload_id, n)
);

-- What came first with an Idempotency-Key: the SHA-256 of the key, and that of the body.
create table comfy.upload_keys (
  owner_id text not null,
  key_hash text not null,
  fingerprint text not null,
  created_at timestamptz not null default clock_timestamp(),
  primary key (owner_id, key_hash)
);
create index upload_keys_old on comfy.upload_keys (created_at);

-- Ids do not tell the order: some are made of what they stand for.
create index assets_newest on comfy.assets (owner_id, created_at desc, id desc);
`,
};
