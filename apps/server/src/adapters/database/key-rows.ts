import type { Scope, TierName } from "@comfy/contracts";
import { sql } from "kysely";
import type { KeyRecord, LiveKey } from "../../access/key-store.ts";

export interface KeyRow {
  readonly id: string;
  readonly owner_id: string;
  readonly user_id: string | null;
  readonly name: string;
  readonly mode: "signed" | "bearer";
  readonly hint: string;
  readonly scopes: Scope[];
  readonly tier: TierName;
  readonly is_replay_guarded: boolean;
  readonly made_by: string;
  readonly created_at: Date;
  readonly expires_at: Date | null;
  readonly rotated_at: Date | null;
  readonly previous_until: Date | null;
  readonly revoked_at: Date | null;
  readonly last_used_at: Date | null;
}

export interface LiveKeyRow extends KeyRow {
  readonly secret_enc: Uint8Array;
  readonly previous_secret_enc: Uint8Array | null;
  readonly user_tier: TierName | null;
  readonly user_role: "user" | "admin" | null;
}

/** Everything about a key that may be shown; hashes and sealed secrets stay where they are. */
export const keyColumns = sql`
  k.id, k.owner_id, k.user_id, k.name, k.mode, k.hint, k.scopes, k.tier, k.is_replay_guarded, k.made_by, k.created_at,
  k.expires_at, k.rotated_at, k.revoked_at, k.last_used_at,
  case when k.previous_until > clock_timestamp() then k.previous_until end as previous_until`;

export const isLive = sql`k.revoked_at is null and (k.expires_at is null or k.expires_at > clock_timestamp())`;

export function toKey(row: KeyRow): KeyRecord {
  return {
    id: row.id,
    ownerId: row.owner_id,
    ...(row.user_id !== null && { userId: row.user_id }),
    name: row.name,
    mode: row.mode,
    hint: row.hint,
    scopes: row.scopes,
    tier: row.tier,
    isReplayGuarded: row.is_replay_guarded,
    madeBy: row.made_by,
    createdAtMs: row.created_at.getTime(),
    ...(row.expires_at && { expiresAtMs: row.expires_at.getTime() }),
    ...(row.rotated_at && { rotatedAtMs: row.rotated_at.getTime() }),
    ...(row.previous_until && { previousUntilMs: row.previous_until.getTime() }),
    ...(row.revoked_at && { revokedAtMs: row.revoked_at.getTime() }),
    ...(row.last_used_at && { lastUsedAtMs: row.last_used_at.getTime() }),
  };
}

export function toLiveKey(row: LiveKeyRow): LiveKey {
  return {
    record: toKey(row),
    secretSealed: row.secret_enc,
    ...(row.previous_secret_enc && { previousSecretSealed: row.previous_secret_enc }),
    ...(row.user_tier && { user: { tier: row.user_tier, isAdmin: row.user_role === "admin" } }),
  };
}
