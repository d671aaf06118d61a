import type { Migration } from "./migrate.ts";

/** Files that expire, bytes that are removed while others may store them again, and whose turn a chore is. */
export const storageMigration: Migration = {
  id: "0010-storage",
  sql: `
-- Expired: the row tells that there was a file, its bytes may go.
alter table comfy.assets add column expired_at timestamptz;
create index assets_by_age on comfy.assets (created_at) where expired_at is null;

alter table comfy.blobs
  -- Where the same bytes lie, or may lie, besides: removed together with the blob.
  add column other_locations text[] not null default '{}',
  drop constraint blobs_state_check,
  -- gone: the bytes are removed, and expired assets still tell of them.
  add constraint blobs_state_check check (state in ('live', 'deleting', 'gone'));
create index blobs_deleting on comfy.blobs (touched_at) where state = 'deleting';

create function comfy.remember_other_location() returns trigger language plpgsql as $$
begin
  new.other_locations := array_remove(array_append(array_remove(new.other_locations, old.location), old.location), new.location);
  return new;
end $$;
create trigger blobs_keep_every_location before update on comfy.blobs
  for each row when (old.location is distinct from new.location and old.state <> 'gone')
  execute function comfy.remember_other_location();

-- Bytes are kept for a while from the moment that nothing refers to them any more. A row that somebody else holds is being touched by them;
-- waiting for it could end in a deadlock with who stores several at once.
create function comfy.touch_blob_of_lost_asset() returns trigger language plpgsql as $$
begin
  perform from comfy.blobs where sha256 = old.sha256 for update skip locked;
  if found then
    update comfy.blobs set touched_at = clock_timestamp() where sha256 = old.sha256;
  end if;
  return null;
end $$;
create trigger deleted_assets_touch_their_blob after delete on comfy.assets
  for each row execute function comfy.touch_blob_of_lost_asset();
create trigger expired_assets_touch_their_blob after update of expired_at on comfy.assets
  for each row when (old.expired_at is null and new.expired_at is not null)
  execute function comfy.touch_blob_of_lost_asset();

create table comfy.turns (
  chore text primary key,
  holder text not null,
  expires_at timestamptz not null
);
`,
};
