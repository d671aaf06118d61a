import { type Kysely, type RawBuilder, sql } from "kysely";
import type { AuditEntry } from "../../access/audit-log.ts";
import type { UpdateOutcome, UserChanges } from "../../access/user-store.ts";
import { isId } from "../../ids.ts";
import { insertAuditEntry } from "./audit-log.ts";
import { endSessions } from "./end-sessions.ts";
import type { Tables } from "./tables.ts";
import { toUser, type UserRow, userColumns } from "./user-rows.ts";
import { toText } from "./write-values.ts";

interface Update {
  readonly id: string;
  readonly changes: UserChanges;
  readonly entry: AuditEntry;
  /** The password's hash as it was looked at. */
  readonly checked?: string;
}

/** Changes a user, ends sessions that must not go on, and writes the entry: all of it or nothing. */
export async function updateUser(db: Kysely<Tables>, { id, changes, entry, checked }: Update): Promise<UpdateOutcome> {
  if (!isId(id)) return { type: "unknown" };
  const isAsChecked = checked === undefined ? sql`true` : sql`u.password_hash = ${checked} and u.disabled_at is null`;
  return db.transaction().execute(async (trx) => {
    if (losesAdmin(changes) && (await isLastAdmin(trx, id))) return { type: "last_admin" };
    const { rows } = await sql<UserRow>`
      update comfy.users u set ${sql.join(toSets(changes))} where u.id = ${id}::uuid and ${isAsChecked}
      returning ${userColumns}`.execute(trx);
    const [row] = rows;
    if (!row) return { type: "unknown" };
    if (changes.isDisabled) await endSessions(trx, id, "disabled");
    else if (changes.passwordHash !== undefined) await endSessions(trx, id, "password");
    await insertAuditEntry(trx, entry);
    return { type: "updated", user: toUser(row) };
  });
}

const losesAdmin = ({ role, isDisabled }: UserChanges) =>
  isDisabled === true || (role !== undefined && role !== "admin");

/** The rows are locked in one order: two admins who demote each other at the same moment take turns. */
async function isLastAdmin(trx: Kysely<Tables>, id: string): Promise<boolean> {
  const { rows } = await sql<{ id: string }>`
    select id from comfy.users where role = 'admin' and disabled_at is null order by id for update`.execute(trx);
  return rows.length === 1 && rows[0]?.id === id;
}

function toSets({ name, role, tier, isDisabled, passwordHash }: UserChanges): RawBuilder<unknown>[] {
  const sets = [sql`updated_at = clock_timestamp()`];
  if (name !== undefined) sets.push(sql`name = ${toText(name)}`);
  if (role !== undefined) sets.push(sql`role = ${role}`);
  if (tier !== undefined) sets.push(sql`tier = ${tier}`);
  if (passwordHash !== undefined) sets.push(sql`password_hash = ${passwordHash}`);
  // Since when stays told when it is said twice.
  if (isDisabled === true) sets.push(sql`disabled_at = coalesce(u.disabled_at, clock_timestamp())`);
  if (isDisabled === false) sets.push(sql`disabled_at = null`);
  return sets;
}
