import type { TierName } from "@comfy/contracts";
import type { AuditEntry } from "./audit-log.ts";
import type { User, UserRole } from "./user.ts";

export interface NewUser {
  readonly id: string;
  readonly email: string;
  readonly name?: string;
  readonly passwordHash: string;
  readonly role: UserRole;
  readonly tier: TierName;
}

/** What may be changed; fields that are absent stay as they are. */
export interface UserChanges {
  readonly name?: string;
  readonly role?: UserRole;
  readonly tier?: TierName;
  readonly isDisabled?: boolean;
  readonly passwordHash?: string;
}

export interface UserFilter {
  /** Part of the e-mail address or the name, in any case. */
  readonly search?: string;
  readonly role?: UserRole;
  readonly tier?: TierName;
  readonly isDisabled?: boolean;
  /** Where the page before ended. */
  readonly cursor?: string;
  readonly limit: number;
}

export interface UserPage {
  /** Newest first. */
  readonly users: readonly User[];
  /** Absent on the last page. */
  readonly nextCursor?: string;
}

export type UpdateOutcome =
  | { readonly type: "updated"; readonly user: User }
  | { readonly type: "unknown" }
  /** It would leave nobody who can operate the service by logging in. */
  | { readonly type: "last_admin" };

/** The users as the database holds them. What is given an audit entry writes it in the same transaction. */
export interface UserStore {
  /** Undefined when the e-mail address is taken. */
  insert(user: NewUser, entry: AuditEntry): Promise<User | undefined>;
  find(id: string): Promise<User | undefined>;
  findByEmail(email: string): Promise<{ readonly user: User; readonly passwordHash: string } | undefined>;
  hasAdmin(): Promise<boolean>;
  /** @throws AppError `invalid_input` when the cursor is none of ours */
  list(filter: UserFilter): Promise<UserPage>;
  /**
   * Disabling somebody, or giving a new password, ends all sessions at the same moment.
   * @param checked the hash that a password was checked against: a user who has another one by now, or was disabled, is `unknown`
   */
  update(id: string, changes: UserChanges, entry: AuditEntry, checked?: string): Promise<UpdateOutcome>;
  /** Writes the same password at another cost, unless it was changed meanwhile. */
  rehash(id: string, from: string, to: string): Promise<void>;
}
