import type { TierName } from "@comfy/contracts";
import { sql } from "kysely";
import type { User, UserRole } from "../../access/user.ts";

/** What `userColumns` selects. */
export interface UserRow {
  readonly id: string;
  readonly email: string;
  readonly name: string | null;
  readonly role: UserRole;
  readonly tier: TierName;
  readonly is_disabled: boolean;
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly last_login_at: Date | null;
}

/** The columns of a {@link UserRow} from `comfy.users u`. */
export const userColumns = sql`
  u.id, u.email, u.name, u.role, u.tier, u.disabled_at is not null as is_disabled, u.created_at, u.updated_at, u.last_login_at`;

export function toUser(row: UserRow): User {
  return {
    id: row.id,
    email: row.email,
    ...(row.name !== null && { name: row.name }),
    role: row.role,
    tier: row.tier,
    isDisabled: row.is_disabled,
    createdAtMs: row.created_at.getTime(),
    updatedAtMs: row.updated_at.getTime(),
    ...(row.last_login_at && { lastLoginAtMs: row.last_login_at.getTime() }),
  };
}
