import { type Scope, scopes, type TierLimits, type TierName, tiers } from "@comfy/contracts";
import type { Clock } from "../clock.ts";
import { AppError } from "../errors.ts";
import type { AccessTokens } from "./access-tokens.ts";
import type { Caller } from "./caller.ts";
import type { SessionStore } from "./session-store.ts";
import type { Sessions } from "./sessions.ts";
import { ownerOfUser, type User, type UserRole } from "./user.ts";

export interface SessionsOptions {
  readonly store: Pick<SessionStore, "findLive">;
  readonly tokens: Pick<AccessTokens, "read">;
  readonly clock: Clock;
  readonly limits?: Readonly<Record<TierName, TierLimits>>;
}

interface Seen {
  readonly user: User | undefined;
  readonly atMs: number;
}

/** How long a read believes what was read before. */
const FRESH_MS = 1_000;
/** Sessions remembered at once; the one that was read longest ago is forgotten first. */
const SEEN_MAX = 10_000;

const PREFIX = "session:";

export const scopesOfRole: Readonly<Record<UserRole, readonly Scope[]>> = {
  user: scopes.filter((scope) => scope !== "admin"),
  admin: scopes,
};

/**
 * Access tokens are believed about nothing but who they are: the session and its user are read from the database, for reads at most a
 * second ago.
 */
export function createSessions({ store, tokens, clock, limits = tiers }: SessionsOptions): Sessions {
  const seen = new Map<string, Seen>();

  async function findUser(sessionId: string, isRead: boolean): Promise<User | undefined> {
    const known = seen.get(sessionId);
    // From before it was asked: what changes while the answer is under way is read again a second later.
    const atMs = clock.monotonicMs();
    if (isRead && known && atMs - known.atMs < FRESH_MS) return known.user;
    const user = await store.findLive(sessionId);
    seen.delete(sessionId);
    seen.set(sessionId, { user, atMs });
    const [oldest] = seen.keys();
    if (seen.size > SEEN_MAX && oldest !== undefined) seen.delete(oldest);
    return user;
  }

  return {
    async verify(jwt, { isRead = false } = {}) {
      const { userId, sessionId } = await tokens.read(jwt);
      const user = await findUser(sessionId, isRead);
      if (user?.id !== userId) throw new AppError("invalid_token", "The session has ended: log in again.");
      return toCaller(user, sessionId, limits[user.tier]);
    },
    async assertGenuine(jwt) {
      await tokens.read(jwt);
    },
    async isLive({ keyId, userId }) {
      if (!keyId.startsWith(PREFIX) || userId === undefined) return false;
      return (await findUser(keyId.slice(PREFIX.length), true))?.id === userId;
    },
  };
}

function toCaller({ id, tier, role }: User, sessionId: string, limits: TierLimits): Caller {
  return {
    ownerId: ownerOfUser(id),
    keyId: PREFIX + sessionId,
    userId: id,
    tier,
    limits,
    scopes: scopesOfRole[role],
    via: "session",
  };
}
