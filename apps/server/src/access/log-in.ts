import { AppError } from "../errors.ts";
import { createId } from "../ids.ts";
import type { Log } from "../log.ts";
import type { AccessTokens } from "./access-tokens.ts";
import { type AuthThrottle, toAccountHash } from "./auth-throttle.ts";
import type { Passwords } from "./passwords.ts";
import { createRefreshToken, toTokenHash } from "./refresh-token.ts";
import type { SessionStore } from "./session-store.ts";
import { ownerOfUser, type User } from "./user.ts";
import type { UserStore } from "./user-store.ts";

/** Where a request comes from, for throttles and the audit log. */
export interface Visitor {
  readonly ip: string;
  readonly requestId: string;
  readonly userAgent?: string;
}

/** What somebody who is logged in holds. */
export interface Login {
  readonly user: User;
  readonly accessToken: string;
  readonly accessTtlMs: number;
  readonly refreshToken: string;
}

export interface LoginDeps {
  readonly users: UserStore;
  readonly sessions: SessionStore;
  readonly passwords: Passwords;
  readonly tokens: AccessTokens;
  readonly throttle: AuthThrottle;
  readonly log: Log;
}

export interface Credentials {
  readonly email: string;
  readonly password: string;
}

export type LogIn = (credentials: Credentials, visitor: Visitor) => Promise<Login>;

/** Begins a session for somebody whose password was checked against this hash. */
export type OpenSession = (user: User, passwordHash: string, visitor: Visitor) => Promise<Login>;

const USER_AGENT_LENGTH_MAX = 200;

/** One answer for everything that is wrong: whoever guesses learns nothing about who exists. */
export function toWrongCredentials(): AppError {
  return new AppError("invalid_credentials", "The e-mail address or the password is wrong.");
}

export function createOpenSession({ sessions, tokens }: Pick<LoginDeps, "sessions" | "tokens">): OpenSession {
  return async function openSession(user, passwordHash, { ip, requestId, userAgent }) {
    const [id, refreshToken] = [createId(), createRefreshToken()];
    const agent = userAgent && { userAgent: userAgent.slice(0, USER_AGENT_LENGTH_MAX) };
    const session = { id, userId: user.id, passwordHash, tokenHash: toTokenHash(refreshToken), ip, ...agent };
    const what = { actorId: ownerOfUser(user.id), action: "session.opened", subject: `session:${id}` };
    if (!(await sessions.open(session, { ...what, ip, requestId }))) throw toWrongCredentials();
    const { token, ttlMs } = await tokens.issue({ userId: user.id, sessionId: id });
    return { user, accessToken: token, accessTtlMs: ttlMs, refreshToken };
  };
}

/**
 * Checks a password. Whoever does not exist costs the same hash as whoever does. Only who knows the password is told that the account is
 * disabled.
 */
export function createLogIn(deps: LoginDeps): LogIn {
  const { users, passwords, throttle, log } = deps;
  const openSession = createOpenSession(deps);

  async function checkIn({ email, password }: Credentials, visitor: Visitor): Promise<Login> {
    await throttle.spendLogin(email, visitor.ip);
    const found = await users.findByEmail(email);
    const { isRight, isStale } = await passwords.check(password, found?.passwordHash);
    if (!found || !isRight) throw toWrongCredentials();
    const { user, passwordHash } = found;
    if (user.isDisabled)
      throw new AppError("account_disabled", "This account is disabled. Ask whoever runs the service.");
    if (!isStale) return openSession(user, passwordHash, visitor);
    const fresh = await passwords.hash(password);
    await users.rehash(user.id, passwordHash, fresh);
    return openSession(user, fresh, visitor);
  }

  return async function logIn(credentials, visitor) {
    const { email } = credentials;
    const { ip, requestId } = visitor;
    try {
      const login = await checkIn(credentials, visitor);
      throttle.noteLogin(email, ip);
      return login;
    } catch (error) {
      // Whoever watches for guessing needs to know from where, and at which account: never the address itself, which may be a password.
      if (error instanceof AppError && error.status < 500)
        log.warn({ requestId, ip, account: toAccountHash(email), code: error.code }, "A login was refused.");
      throw error;
    }
  };
}
