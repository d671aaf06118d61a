import { type Kysely, sql } from "kysely";
import type { AuditEntry } from "../../access/audit-log.ts";
import type { NewSession, SessionStore } from "../../access/session-store.ts";
import { ownerOfUser } from "../../access/user.ts";
import { isId } from "../../ids.ts";
import { insertAuditEntry } from "./audit-log.ts";
import { endSessions } from "./end-sessions.ts";
import { fromNow } from "./job-rows.ts";
import { rotateToken } from "./rotate-token.ts";
import type { Tables } from "./tables.ts";
import { toUser, type UserRow, userColumns } from "./user-rows.ts";
import { toTextOrNull } from "./write-values.ts";

/** A refresh token that is not used for this long is of no use any more. */
export const REFRESH_TTL_MS = 30 * 86_400_000;
/** However often it is refreshed, a login ends after this long. */
const SESSION_TTL_MS = 180 * 86_400_000;

export function createSessionStore(db: Kysely<Tables>): SessionStore {
  return {
    open: (session, entry) => db.transaction().execute((trx) => openSession(trx, session, entry)),
    async findSessionOfToken(tokenHash) {
      const { rows } = await sql<{ session_id: string }>`
        select session_id from comfy.refresh_tokens where hash = ${tokenHash}`.execute(db);
      return rows[0]?.session_id;
    },
    rotate: (tokenHash, nextHash, entry) =>
      db.transaction().execute((trx) => rotateToken(trx, { tokenHash, nextHash, entry, ttlMs: REFRESH_TTL_MS })),
    async findLive(sessionId) {
      if (!isId(sessionId)) return undefined;
      const { rows } = await sql<UserRow>`
        select ${userColumns} from comfy.sessions s join comfy.users u on u.id = s.user_id
        where s.id = ${sessionId}::uuid and s.ended_at is null and s.expires_at > clock_timestamp()
          and u.disabled_at is null`.execute(db);
      return rows[0] && toUser(rows[0]);
    },
    endByToken: (tokenHash, reach, entry) =>
      db.transaction().execute((trx) => endByToken(trx, { tokenHash, reach, entry })),
    endAll: (userId, reason, entry) =>
      db.transaction().execute(async (trx) => {
        const count = await endSessions(trx, userId, reason);
        await insertAuditEntry(trx, { ...entry, details: { ...entry.details, sessions: count } });
        return count;
      }),
  };
}

interface LogOut {
  readonly tokenHash: string;
  readonly reach: "session" | "user";
  readonly entry: Omit<AuditEntry, "actorId" | "action" | "subject">;
}

async function endByToken(trx: Kysely<Tables>, { tokenHash, reach, entry }: LogOut) {
  const { rows } = await sql<{ user_id: string }>`
    with own as (
      select s.id, s.user_id from comfy.refresh_tokens t join comfy.sessions s on s.id = t.session_id
      where t.hash = ${tokenHash} and t.expires_at > clock_timestamp()
        and s.ended_at is null and s.expires_at > clock_timestamp()
    ), ended as (
      update comfy.sessions s set ended_at = clock_timestamp(), end_reason = 'logout' from own
      where s.ended_at is null and (s.id = own.id or (${reach === "user"}::boolean and s.user_id = own.user_id))
      returning s.id
    )
    select user_id from own where exists (select from ended)`.execute(trx);
  const [row] = rows;
  if (!row) return undefined;
  const ownerId = ownerOfUser(row.user_id);
  const what = { actorId: ownerId, action: "session.ended", subject: ownerId, ownerId };
  await insertAuditEntry(trx, { ...entry, ...what, details: { ...entry.details, reach } });
  return { userId: row.user_id };
}

/** The user's row is locked, so that whoever disables the user comes before or after, and then ends this session as well. */
async function openSession(trx: Kysely<Tables>, session: NewSession, entry: AuditEntry): Promise<boolean> {
  const { id, userId, passwordHash, tokenHash, ip, userAgent } = session;
  const { rows } = await sql`
    update comfy.users set last_login_at = clock_timestamp()
    where id = ${userId}::uuid and password_hash = ${passwordHash} and disabled_at is null returning id`.execute(trx);
  if (rows.length === 0) return false;
  await sql`
    insert into comfy.sessions (id, user_id, expires_at, ip, user_agent)
    values (${id}::uuid, ${userId}::uuid, ${fromNow(SESSION_TTL_MS)}, ${toTextOrNull(ip)}, ${toTextOrNull(userAgent)})`.execute(
    trx,
  );
  await sql`
    insert into comfy.refresh_tokens (hash, session_id, expires_at)
    values (${tokenHash}, ${id}::uuid, ${fromNow(REFRESH_TTL_MS)})`.execute(trx);
  await insertAuditEntry(trx, { ...entry, ownerId: ownerOfUser(userId) });
  return true;
}
