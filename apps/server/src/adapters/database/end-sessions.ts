import { type Kysely, sql } from "kysely";
import type { EndReason } from "../../access/session-store.ts";
import type { Tables } from "./tables.ts";

/** Ends the sessions of a user that go on. Gives how many. */
export async function endSessions(db: Kysely<Tables>, userId: string, reason: EndReason): Promise<number> {
  const { rows } = await sql`
    update comfy.sessions set ended_at = clock_timestamp(), end_reason = ${reason}
    where user_id = ${userId}::uuid and ended_at is null and expires_at > clock_timestamp()
    returning id`.execute(db);
  return rows.length;
}
