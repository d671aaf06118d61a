import { AppError } from "../errors.ts";
import { createId } from "../ids.ts";
import type { Caller } from "./caller.ts";
import {
  type Credentials,
  createLogIn,
  createOpenSession,
  type LogIn,
  type Login,
  type LoginDeps,
  type Visitor,
} from "./log-in.ts";
import { assertPassword } from "./password-rules.ts";
import { createRefreshToken, isRefreshToken, toTokenHash } from "./refresh-token.ts";
import { ownerOfUser, type User } from "./user.ts";

export interface AccountVerbs {
  /** @throws AppError `registration_closed`, `email_taken`, `invalid_input`, `rate_limited` */
  register(request: Credentials & { readonly name?: string }, visitor: Visitor): Promise<Login>;
  /** @throws AppError `invalid_credentials`, `account_disabled`, `rate_limited` */
  readonly logIn: LogIn;
  /** @throws AppError `invalid_token`, `token_reused` (the session has ended), `rate_limited` */
  refreshSession(refreshToken: string, visitor: Visitor): Promise<Login>;
  /** Ends the session of a refresh token, or all of its user's; a token that is none, or is of no use any more, changes nothing. */
  logOut(refreshToken: string, reach: "session" | "user", visitor: Visitor): Promise<void>;
  /** @throws AppError `access_denied` for callers without a session, `invalid_credentials`, `invalid_input`, `rate_limited` */
  changePassword(caller: Caller, passwords: { current: string; next: string }, visitor: Visitor): Promise<Login>;
  /** The user behind a caller; undefined where there is none. */
  findUser(caller: Caller): Promise<User | undefined>;
}

export interface AccountDeps extends LoginDeps {
  readonly isRegistrationOpen: boolean;
}

/** What people do with their own account. */
export function createAccountVerbs(deps: AccountDeps): AccountVerbs {
  const { users, sessions } = deps;
  return {
    register: createRegister(deps),
    logIn: createLogIn(deps),
    refreshSession: createRefreshSession(deps),
    async logOut(refreshToken, reach, { ip, requestId }) {
      if (!isRefreshToken(refreshToken)) return;
      await sessions.endByToken(toTokenHash(refreshToken), reach, { ip, requestId });
    },
    changePassword: createChangePassword(deps),
    findUser: async ({ userId }) => (userId === undefined ? undefined : users.find(userId)),
  };
}

function createRegister(deps: AccountDeps): AccountVerbs["register"] {
  const { users, passwords, throttle, isRegistrationOpen } = deps;
  const openSession = createOpenSession(deps);
  return async function register({ email, password, name }, visitor) {
    if (!isRegistrationOpen) {
      const sentence = "Registration is closed here: ask whoever runs the service for an account.";
      throw new AppError("registration_closed", sentence);
    }
    await throttle.spendRegistration(visitor.ip);
    assertPassword(password, email);
    const passwordHash = await passwords.hash(password);
    const id = createId();
    const ownerId = ownerOfUser(id);
    const { ip, requestId } = visitor;
    const user = await users.insert(
      { id, email, passwordHash, role: "user", tier: "free", ...(name !== undefined && { name }) },
      { actorId: ownerId, action: "user.registered", subject: ownerId, ownerId, ip, requestId },
    );
    if (!user) throw toEmailTaken();
    return openSession(user, passwordHash, visitor);
  };
}

export function toEmailTaken(): AppError {
  return new AppError("email_taken", "There is an account with this e-mail address already.");
}

function createRefreshSession({ sessions, tokens, throttle }: AccountDeps): AccountVerbs["refreshSession"] {
  return async function refreshSession(refreshToken, { ip, requestId }) {
    if (!isRefreshToken(refreshToken)) throw toRefused();
    const tokenHash = toTokenHash(refreshToken);
    const tokenSessionId = await sessions.findSessionOfToken(tokenHash);
    if (tokenSessionId === undefined) throw toRefused();
    await throttle.spendRefresh(tokenSessionId);
    const next = createRefreshToken();
    const outcome = await sessions.rotate(tokenHash, toTokenHash(next), { ip, requestId });
    if (outcome.type === "refused") throw toRefused();
    if (outcome.type === "reused") {
      const sentence = "This refresh token was used before, so its session has ended for everybody: log in again.";
      throw new AppError("token_reused", sentence);
    }
    const { user, sessionId } = outcome;
    const { token, ttlMs } = await tokens.issue({ userId: user.id, sessionId });
    return { user, accessToken: token, accessTtlMs: ttlMs, refreshToken: next };
  };
}

function toRefused(): AppError {
  return new AppError("invalid_token", "The refresh token is of no use any more: log in again.");
}

function createChangePassword(deps: AccountDeps): AccountVerbs["changePassword"] {
  const { users, passwords, throttle } = deps;
  const openSession = createOpenSession(deps);
  return async function changePassword({ userId, via, keyId }, { current, next }, visitor) {
    const user = userId === undefined || via !== "session" ? undefined : await users.find(userId);
    if (!user) throw new AppError("access_denied", "Only somebody who is logged in can change the password: log in.");
    const { ip, requestId } = visitor;
    await throttle.spendPassword(user.id);
    const found = await users.findByEmail(user.email);
    if (!found || !(await passwords.check(current, found.passwordHash)).isRight) throw toWrongCurrent();
    assertPassword(next, user.email, "newPassword");
    const passwordHash = await passwords.hash(next);
    const ownerId = ownerOfUser(user.id);
    const entry = { actorId: keyId, action: "user.password_changed", subject: ownerId, ownerId, ip, requestId };
    const outcome = await users.update(user.id, { passwordHash }, entry, found.passwordHash);
    if (outcome.type !== "updated") throw toWrongCurrent();
    return openSession(outcome.user, passwordHash, visitor);
  };
}

/** Not 401: the session is fine, and a client that hears 401 throws it away. */
function toWrongCurrent(): AppError {
  return new AppError("invalid_input", "currentPassword: The password is another one.", {
    details: [{ path: "currentPassword", message: "is another one" }],
  });
}
