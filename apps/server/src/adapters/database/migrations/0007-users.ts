import type { Migration } from "./migrate.ts";

/** People, how they stay logged in, what their tokens are signed with, and who did what. */
export const usersMigration: Migration = {
  id: "0007-users",
  sql: `
create table comfy.users (
  id uuid primary key,
  email text not null,
  -- The same in lower case: two spellings are one person.
  email_key text not null unique,
  name text,
  -- argon2id with its parameters, as PHC strings have it.
  password_hash text not null,
  role text not null default 'user' check (role in ('user', 'admin')),
  tier text not null default 'free' check (tier in ('free', 'basic', 'pro', 'enterprise')),
  disabled_at timestamptz,
  last_login_at timestamptz,
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp()
);
create index users_admins on comfy.users (id) where role = 'admin' and disabled_at is null;

-- One login: a family of refresh tokens that follow each other.
create table comfy.sessions (
  id uuid primary key,
  user_id uuid not null references comfy.users (id),
  created_at timestamptz not null default clock_timestamp(),
  used_at timestamptz not null default clock_timestamp(),
  -- However often it is refreshed, it ends here.
  expires_at timestamptz not null,
  ended_at timestamptz,
  end_reason text check (end_reason in ('logout', 'reused', 'revoked', 'disabled', 'password')),
  ip text,
  user_agent text,
  check ((ended_at is null) = (end_reason is null))
);
create index sessions_of_user on comfy.sessions (user_id, created_at desc);
create index sessions_expiry on comfy.sessions (expires_at);

create table comfy.refresh_tokens (
  -- SHA-256 of the token, hex: the token itself is kept nowhere.
  hash text primary key,
  session_id uuid not null references comfy.sessions (id) on delete cascade,
  created_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz not null,
  -- Kept after its use: whoever comes with it again has stolen it, or was stolen from.
  used_at timestamptz
);
create index refresh_tokens_expiry on comfy.refresh_tokens (expires_at);
create index refresh_tokens_of_session on comfy.refresh_tokens (session_id);

-- What access tokens are signed with. The newest signs; the one before it is good for as long as its last token.
create table comfy.session_keys (
  id text primary key,
  secret bytea not null,
  created_at timestamptz not null default clock_timestamp()
);

create table comfy.audit_log (
  seq bigint generated always as identity primary key,
  created_at timestamptz not null default clock_timestamp(),
  actor_id text not null,
  action text not null,
  subject text not null,
  owner_id text,
  details json,
  ip text,
  request_id text
);
create index audit_log_of_actor on comfy.audit_log (actor_id, seq desc);
create index audit_log_of_action on comfy.audit_log (action, seq desc);
create index audit_log_of_subject on comfy.audit_log (subject, seq desc);
create index audit_log_of_owner on comfy.audit_log (owner_id, seq desc) where owner_id is not null;

create function comfy.refuse_change_of_audit_log() returns trigger language plpgsql as $$
begin
  raise exception 'The audit log is only ever added to.' using errcode = 'restrict_violation';
end $$;
create trigger audit_log_is_append_only before update or delete or truncate on comfy.audit_log
  for each statement execute function comfy.refuse_change_of_audit_log();
`,
};
