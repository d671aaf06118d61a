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
  /** By the account that is named, whether it exists or not. @throws AppError `rate_limited` */
  spendLogin(email: string): Promise<void>;
  /** @throws AppError `rate_limited` */
  spendRegistration(ip: string): Promise<void>;
  /** Of a user whose refresh token is known. @throws AppError `rate_limited` */
  spendRefresh(userId: string): Promise<void>;
}

const minute = (limit: number): LimitWindow => ({ name: "minute", limit, windowMs: 60_000 });
const hour = (limit: number): LimitWindow => ({ name: "hour", limit, windowMs: 3_600_000 });

/** 2,400 guesses a day at the most. */
const logins = [minute(10), hour(100)];
const registrations = [hour(60)];
/** An access token lasts ten minutes: this is more than a hundred devices. */
const refreshes = [minute(15), hour(600)];

/** Give it a limiter for strangers: they choose its subjects. */
export function createAuthThrottle({ limiter, clock }: { limiter: WindowLimiter; clock: Clock }): AuthThrottle {
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
    async spendLogin(email) {
      const account = createHash("sha256").update(toEmailKey(email)).digest("hex").slice(0, 32);
      await spend(`account:${account}`, logins, "logins to this account");
    },
    spendRegistration: (ip) => spend(`register:${toIpSubject(ip)}`, registrations, "registrations from this address"),
    spendRefresh: (userId) => spend(`refresh:${userId}`, refreshes, "refreshes of this user"),
  };
}
