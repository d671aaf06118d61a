import type { Migration } from "./migrate.ts";

/** API keys that the service made, and secrets that have to be read again: sealed. */
export const keysMigration: Migration = {
  id: "0006-keys",
  sql: `
create table comfy.api_keys (
  -- What logs, jobs and lists show.
  id uuid primary key,
  owner_id text not null,
  -- The user behind the owner, where that is one: a key never counts for more than its user.
  user_id uuid,
  name text not null,
  mode text not null check (mode in ('signed', 'bearer')),
  -- SHA-256, hex, of what is sent as X-API-Key; the key itself is kept nowhere.
  key_hash text not null unique,
  -- Its last four characters, for people.
  hint text not null,
  -- What signatures are made with. A bearer key has one too: its webhooks are signed with what is derived from it.
  secret_enc bytea not null,
  -- SHA-256, hex, of a bearer token.
  token_hash text unique,
  -- What was replaced, good until the overlap ends.
  previous_secret_enc bytea,
  previous_token_hash text unique,
  previous_until timestamptz,
  scopes text[] not null check (cardinality(scopes) > 0),
  tier text not null check (tier in ('free', 'basic', 'pro', 'enterprise')),
  -- An operator may let a signature of this key count twice.
  is_replay_guarded boolean not null default true,
  -- The key or the user that made it.
  made_by text not null,
  created_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz,
  rotated_at timestamptz,
  revoked_at timestamptz,
  -- At most once a minute.
  last_used_at timestamptz,
  check ((mode = 'bearer') = (token_hash is not null))
);
create index api_keys_of_owner on comfy.api_keys (owner_id, id desc);

alter table comfy.link_keys
  alter column secret drop not null,
  -- Sealed; rows from before are sealed at the next start, and their plain secret removed.
  add column secret_enc bytea,
  add check ((secret is null) <> (secret_enc is null));

alter table comfy.webhook_endpoints
  -- Sealed; all versions of the secret are derived from it. Null, for endpoints from before: from the API secret of the environment.
  add column secret_enc bytea;
`,
};
