import { createId } from "../ids.ts";
import type { Log } from "../log.ts";
import type { Credentials } from "./log-in.ts";
import { assertPassword } from "./password-rules.ts";
import type { Passwords } from "./passwords.ts";
import { ownerOfUser } from "./user.ts";
import type { UserStore } from "./user-store.ts";

export interface FirstAdminDeps {
  readonly users: UserStore;
  readonly passwords: Passwords;
  readonly log: Log;
}

/**
 * Creates the admin that the environment names, where nobody can operate the service yet. Once somebody can, the variables do nothing: a
 * password that stays in an environment must not undo what was changed since.
 *
 * @throws AppError `invalid_input` with the rule that the password breaks
 */
export async function createFirstAdmin({ users, passwords, log }: FirstAdminDeps, admin: Credentials): Promise<void> {
  if (await users.hasAdmin()) return;
  const { email, password } = admin;
  assertPassword(password, email, "ADMIN_PASSWORD");
  const id = createId();
  const subject = ownerOfUser(id);
  const entry = { actorId: "service", action: "user.created", subject, ownerId: subject, details: { role: "admin" } };
  const passwordHash = await passwords.hash(password);
  const user = await users.insert({ id, email, passwordHash, role: "admin", tier: "enterprise" }, entry);
  if (user) log.info({ userId: id }, "The first admin was created from ADMIN_EMAIL and ADMIN_PASSWORD.");
  // Of two processes that start together one creates it; a user of that address who is no admin is not made one.
  else if (!(await users.hasAdmin()))
    log.warn(
      {},
      "ADMIN_EMAIL belongs to a user who is no admin, so no admin was created. Give the role by a key of ADMIN_KEYS.",
    );
}
