import { type Kysely, sql } from "kysely";
import { toEmailKey } from "../../access/user.ts";
import type { NewUser, UserFilter, UserPage, UserStore } from "../../access/user-store.ts";
import { isId } from "../../ids.ts";
import { insertAuditEntry } from "./audit-log.ts";
import { parseIdCursor } from "./parse-cursor.ts";
import type { Tables } from "./tables.ts";
import { updateUser } from "./update-user.ts";
import { toUser, type UserRow, userColumns } from "./user-rows.ts";
import { toText, toTextOrNull } from "./write-values.ts";

export function createUserStore(db: Kysely<Tables>): UserStore {
  return {
    insert: (user, entry) =>
      db.transaction().execute(async (trx) => {
        const { rows } = await toInsert(user).execute(trx);
        const [row] = rows;
        if (row) await insertAuditEntry(trx, entry);
        return row && toUser(row);
      }),
    async find(id) {
      if (!isId(id)) return undefined;
      const { rows } = await sql<UserRow>`
        select ${userColumns} from comfy.users u where u.id = ${id}::uuid`.execute(db);
      return rows[0] && toUser(rows[0]);
    },
    async findByEmail(email) {
      const { rows } = await sql<UserRow & { readonly password_hash: string }>`
        select ${userColumns}, u.password_hash from comfy.users u
        where u.email_key = ${toText(toEmailKey(email))}`.execute(db);
      return rows[0] && { user: toUser(rows[0]), passwordHash: rows[0].password_hash };
    },
    async hasAdmin() {
      const { rows } = await sql`
        select from comfy.users where role = 'admin' and disabled_at is null limit 1`.execute(db);
      return rows.length > 0;
    },
    list: (filter) => listUsers(db, filter),
    update: (id, changes, entry, checked) =>
      updateUser(db, { id, changes, entry, ...(checked !== undefined && { checked }) }),
    async rehash(id, from, to) {
      await sql`
        update comfy.users set password_hash = ${to} where id = ${id}::uuid and password_hash = ${from}`.execute(db);
    },
  };
}

const toInsert = ({ id, email, name, passwordHash, role, tier }: NewUser) => sql<UserRow>`
  insert into comfy.users as u (id, email, email_key, name, password_hash, role, tier)
  values (${id}::uuid, ${toText(email)}, ${toText(toEmailKey(email))}, ${toTextOrNull(name)}, ${passwordHash}, ${role}, ${tier})
  on conflict (email_key) do nothing
  returning ${userColumns}`;

/** Newest first: ids that are made later sort later. */
async function listUsers(db: Kysely<Tables>, filter: UserFilter): Promise<UserPage> {
  const { search, role, tier, isDisabled, cursor, limit } = filter;
  const conditions = [sql`true`];
  if (search !== undefined) {
    const pattern = `%${toText(search).replaceAll(/[\\%_]/g, "\\$&")}%`;
    conditions.push(sql`(u.email ilike ${pattern} or u.name ilike ${pattern})`);
  }
  if (role !== undefined) conditions.push(sql`u.role = ${role}`);
  if (tier !== undefined) conditions.push(sql`u.tier = ${tier}`);
  if (isDisabled !== undefined) conditions.push(sql`(u.disabled_at is not null) = ${isDisabled}::boolean`);
  if (cursor !== undefined) conditions.push(sql`u.id < ${parseIdCursor(cursor)}::uuid`);
  const { rows } = await sql<UserRow>`
    select ${userColumns} from comfy.users u where ${sql.join(conditions, sql` and `)}
    order by u.id desc limit ${limit + 1}`.execute(db);
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return { users: page.map(toUser), ...(rows.length > limit && last && { nextCursor: last.id }) };
}
