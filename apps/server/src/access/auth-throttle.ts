import { createHash } from "node:crypto";
import type { Clock } from "../clock.ts";
import { AppError } from "../errors.ts";
import { toIpSubject } from "./ip-guard.ts";
import { toRetryAfterSeconds } from "./limit-request.ts";
import type { LimitWindow, WindowLimiter } from "./rate-limiter.ts";
import { toEmailKey } from "./user.ts";

/**
 * Bounds how often an account may be tried, from however many addresses, before anything is looked up or hashed. Addresses are counted at
 * the door.
 */
export interface AuthThrottle {
  /**
   * By the account that is named, whether it exists or not: tightly for each address that tries, loosely for all of them together, so
   * that one address cannot shut out everybody else.
   * @throws AppError `rate_limited`
   */
  spendLogin(email: string, ip: string): Promise<void>;
  /** Somebody has logged in: whoever guesses from other addresses does not shut out this one. */
  noteLogin(email: string, ip: string): void;
  /** Of a user who is logged in and changes the password. @throws AppError `rate_limited` */
  spendPassword(userId: string): Promise<void>;
  /** @throws AppError `rate_limited` */
  spendRegistration(ip: string): Promise<void>;
  /** Of a session whose refresh token is known: an old token of another one spends nothing of it. @throws AppError `rate_limited` */
  spendRefresh(sessionId: string): Promise<void>;
}

const minute = (limit: number): LimitWindow => ({ name: "minute", limit, windowMs: 60_000 });
const hour = (limit: number): LimitWindow => ({ name: "hour", limit, windowMs: 3_600_000 });

/** 2,400 guesses a day from one address at the most. */
const logins = [minute(10), hour(100)];
/** From all addresses together; 7,200 a day are nothing against a password that passes the rules. */
const loginsOfAll = [minute(30), hour(300)];
/** Accounts and addresses that belong together, remembered at once. */
const KNOWN_MAX = 10_000;
const registrations = [hour(60)];
/** An access token lasts ten minutes: this is many tabs that do not know of each other. */
const refreshes = [minute(15), hour(600)];

/** What stands for an e-mail address where the address itself should not be read. */
export const toAccountHash = (email: string): string =>
  createHash("sha256").update(toEmailKey(email)).digest("hex").slice(0, 32);

/** Give it a limiter for strangers: they choose its subjects. */
export function createAuthThrottle({ limiter, clock }: { limiter: WindowLimiter; clock: Clock }): AuthThrottle {
  const known = new Set<string>();

  async function spend(subject: string, windows: readonly LimitWindow[], what: string): Promise<void> {
    for (const window of windows) {
      const spent = await limiter.spend(subject, [window]);
      if (spent.isAllowed) continue;
      const seconds = toRetryAfterSeconds(spent, clock.nowMs());
      const sentence = `Too many ${what}. Try again in ${seconds} s.`;
      throw new AppError("rate_limited", sentence, { retryAfterSeconds: seconds });
    }
  }

  return {
    async spendLogin(email, ip) {
      const account = toAccountHash(email);
      const here = `${account}:${toIpSubject(ip)}`;
      await spend(`login:${here}`, logins, "logins to this account from this address");
      if (!known.has(here)) await spend(`account:${account}`, loginsOfAll, "logins to this account");
    },
    noteLogin(email, ip) {
      const here = `${toAccountHash(email)}:${toIpSubject(ip)}`;
      known.delete(here);
      known.add(here);
      const [oldest] = known;
      if (known.size > KNOWN_MAX && oldest !== undefined) known.delete(oldest);
    },
    spendPassword: (userId) => spend(`password:${userId}`, logins, "changes of this password"),
    spendRegistration: (ip) => spend(`register:${toIpSubject(ip)}`, registrations, "registrations from this address"),
    spendRefresh: (sessionId) => spend(`refresh:${sessionId}`, refreshes, "refreshes of this session"),
  };
}
