import { type Kysely, sql } from "kysely";
import type { AuditEntry } from "../../access/audit-log.ts";
import type { RotateOutcome } from "../../access/session-store.ts";
import { ownerOfUser } from "../../access/user.ts";
import { insertAuditEntry } from "./audit-log.ts";
import { fromNow } from "./job-rows.ts";
import type { Tables } from "./tables.ts";
import { toUser, type UserRow, userColumns } from "./user-rows.ts";

interface Rotation {
  readonly tokenHash: string;
  readonly nextHash: string;
  readonly ttlMs: number;
  readonly entry: Omit<AuditEntry, "actorId" | "action" | "subject">;
}

interface TokenRow extends UserRow {
  readonly session_id: string;
  readonly is_used: boolean;
  readonly is_alive: boolean;
}

/**
 * Uses a refresh token. The row is locked, so of two who come with the same one the second finds it used, which ends the session for both:
 * nobody can tell which of them stole it. There is no grace for two tabs of one browser; whoever has several refreshes in one of them.
 */
export async function rotateToken(trx: Kysely<Tables>, rotation: Rotation): Promise<RotateOutcome> {
  const { tokenHash, nextHash, ttlMs } = rotation;
  const { rows } = await sql<TokenRow>`
    select ${userColumns}, s.id as session_id, t.used_at is not null as is_used,
      t.expires_at > clock_timestamp() and s.expires_at > clock_timestamp() and s.ended_at is null
        and u.disabled_at is null as is_alive
    from comfy.refresh_tokens t
      join comfy.sessions s on s.id = t.session_id
      join comfy.users u on u.id = s.user_id
    where t.hash = ${tokenHash}
    for update of t, s`.execute(trx);
  const [row] = rows;
  if (!row) return { type: "refused" };
  if (row.is_used) return endReused(trx, row, rotation.entry);
  if (!row.is_alive) return { type: "refused" };
  await sql`
    with used as (update comfy.refresh_tokens set used_at = clock_timestamp() where hash = ${tokenHash}),
      session as (update comfy.sessions set used_at = clock_timestamp() where id = ${row.session_id}::uuid)
    insert into comfy.refresh_tokens (hash, session_id, expires_at)
    values (${nextHash}, ${row.session_id}::uuid, ${fromNow(ttlMs)})`.execute(trx);
  return { type: "rotated", sessionId: row.session_id, user: toUser(row) };
}

/** Told once: a thief who keeps trying must not fill the log. */
async function endReused(trx: Kysely<Tables>, row: TokenRow, entry: Rotation["entry"]): Promise<RotateOutcome> {
  const { rows } = await sql`
    update comfy.sessions set ended_at = clock_timestamp(), end_reason = 'reused'
    where id = ${row.session_id}::uuid and ended_at is null returning id`.execute(trx);
  if (rows.length > 0) {
    const ownerId = ownerOfUser(row.id);
    const what = { actorId: ownerId, action: "session.reused", subject: `session:${row.session_id}`, ownerId };
    await insertAuditEntry(trx, { ...entry, ...what });
  }
  return { type: "reused" };
}
