import { AppError } from "../errors.ts";
import { createId } from "../ids.ts";
import { toEmailTaken } from "./account-verbs.ts";
import type { AuditEntry } from "./audit-log.ts";
import type { Caller } from "./caller.ts";
import type { Credentials, Visitor } from "./log-in.ts";
import { assertPassword } from "./password-rules.ts";
import type { Passwords } from "./passwords.ts";
import type { SessionStore } from "./session-store.ts";
import { ownerOfUser, type User } from "./user.ts";
import type { NewUser, UserChanges, UserFilter, UserPage, UserStore } from "./user-store.ts";

/** The operator, and where the request came from. */
export interface Operator extends Visitor {
  readonly caller: Caller;
}

export interface UserToCreate extends Credentials, Partial<Pick<NewUser, "name" | "role" | "tier">> {}

export interface UserPatch extends Omit<UserChanges, "passwordHash"> {
  readonly password?: string;
}

export interface UserAdminVerbs {
  listUsers(filter: UserFilter): Promise<UserPage>;
  /** @throws AppError `user_not_found` */
  readUser(id: string): Promise<User>;
  /** @throws AppError `email_taken`, `invalid_input` */
  createUser(user: UserToCreate, operator: Operator): Promise<User>;
  /** @throws AppError `user_not_found`, `last_admin`, `invalid_input` */
  updateUser(id: string, patch: UserPatch, operator: Operator): Promise<User>;
  /** Gives how many there were. @throws AppError `user_not_found` */
  endSessionsOf(id: string, operator: Operator): Promise<number>;
}

export interface UserAdminDeps {
  readonly users: UserStore;
  readonly sessions: SessionStore;
  readonly passwords: Passwords;
}

/** Who did it and to whom. */
function toEntry({ caller, ip, requestId }: Operator, action: string, userId: string): AuditEntry {
  const ownerId = ownerOfUser(userId);
  return { actorId: caller.keyId, action, subject: ownerId, ownerId, ip, requestId };
}

/** What operators do with users; each of it is in the audit log, in the same transaction. */
export function createUserAdminVerbs({ users, sessions, passwords }: UserAdminDeps): UserAdminVerbs {
  async function readUser(id: string): Promise<User> {
    const user = await users.find(id);
    if (!user) throw new AppError("user_not_found", "There is no such user.");
    return user;
  }

  return {
    listUsers: (filter) => users.list(filter),
    readUser,
    async createUser({ email, password, name, role = "user", tier = "free" }, operator) {
      assertPassword(password, email);
      const passwordHash = await passwords.hash(password);
      const id = createId();
      const entry = { ...toEntry(operator, "user.created", id), details: { role, tier } };
      const user = { id, email, passwordHash, role, tier, ...(name !== undefined && { name }) };
      const inserted = await users.insert(user, entry);
      if (!inserted) throw toEmailTaken();
      return inserted;
    },
    async updateUser(id, { password, ...changes }, operator) {
      const before = await readUser(id);
      if (password !== undefined) assertPassword(password, before.email);
      const passwordHash = password !== undefined && { passwordHash: await passwords.hash(password) };
      const details = { ...changes, ...(password !== undefined && { password: "changed" }) };
      const entry = { ...toEntry(operator, "user.updated", id), details };
      const outcome = await users.update(id, { ...changes, ...passwordHash }, entry);
      if (outcome.type === "updated") return outcome.user;
      if (outcome.type === "unknown") throw new AppError("user_not_found", "There is no such user.");
      const sentence = "This is the last admin who can log in: give somebody else the role first.";
      throw new AppError("last_admin", sentence);
    },
    async endSessionsOf(id, operator) {
      await readUser(id);
      return sessions.endAll(id, "revoked", toEntry(operator, "session.revoked", id));
    },
  };
}
