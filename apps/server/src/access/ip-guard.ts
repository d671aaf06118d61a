import { isIPv4, isIPv6 } from "node:net";
import type { Clock } from "../clock.ts";
import { AppError } from "../errors.ts";
import { toRetryAfterSeconds } from "./limit-request.ts";
import type { LimitWindow, WindowLimiter } from "./rate-limiter.ts";

/** What strangers may do on routes that ask nobody who they are. */
export type IpBucket = "auth";

export interface IpGuard {
  /**
   * Counts a request to a public route that costs something or answers guesses, before its handler runs.
   * @throws AppError `rate_limited` when the address has asked too often, `unavailable` while nobody can count
   */
  assertWelcome(ip: string, bucket: IpBucket): Promise<void>;
  /**
   * Counts a request that proved nothing.
   * @throws AppError `rate_limited` instead of the refusal it stands for, once the address has failed too often.
   */
  recordFailure(ip: string): Promise<void>;
}

const failures: LimitWindow = { name: "minute", limit: 60, windowMs: 60_000 };

/** An office of browsers behind one address that sign in and refresh. How often an account may be tried is counted elsewhere. */
const welcome: Readonly<Record<IpBucket, LimitWindow>> = { auth: { name: "minute", limit: 120, windowMs: 60_000 } };

function toGroups(ip: string): readonly number[] {
  // The URL parser knows every spelling of an address and gives the one canonical form.
  const canonical = new URL(`http://[${ip}]`).hostname.slice(1, -1);
  const [head = "", tail] = canonical.split("::");
  const read = (part: string) => (part === "" ? [] : part.split(":").map((group) => Number.parseInt(group, 16)));
  const [left, right] = [read(head), read(tail ?? "")];
  return tail === undefined ? left : [...left, ...Array<number>(8 - left.length - right.length).fill(0), ...right];
}

/**
 * Who an address is counted as. A home or a machine gets a whole IPv6 /64, so that is one subject; an IPv4 address is one in either
 * spelling. Anything else (a forwarded header may hold any text) shares one subject.
 */
export function toIpSubject(ip: string): string {
  const plain = ip.replace(/%.*$/, "");
  if (isIPv4(plain)) return plain;
  if (!isIPv6(plain)) return "unknown";
  const groups = toGroups(plain);
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff) {
    return groups
      .slice(6)
      .flatMap((group) => [group >> 8, group & 255])
      .join(".");
  }
  return `${groups
    .slice(0, 4)
    .map((group) => group.toString(16))
    .join(":")}::/64`;
}

/**
 * Counts failed authentication per address (and only that: to refuse an address before its signature is checked would let a stranger
 * behind the same exit or proxy lock a caller out), so that an invented key never opens a fresh bucket and a bad signature never spends the
 * limits of the key it names. Public routes have nothing to check first, so there every request counts.
 * Give it a limiter of its own: strangers choose its subjects.
 */
export function createIpGuard(options: {
  limiter: WindowLimiter;
  clock: Clock;
  failuresPerMinute?: number;
  authPerMinute?: number;
}): IpGuard {
  const { limiter, clock } = options;
  const failed = { ...failures, limit: options.failuresPerMinute ?? failures.limit };
  const windows = { auth: { ...welcome.auth, limit: options.authPerMinute ?? welcome.auth.limit } };

  async function spend(what: string, ip: string, window: LimitWindow, words: string): Promise<void> {
    const spent = await limiter.spend(`${what}:${toIpSubject(ip)}`, [window]);
    if (spent.isAllowed) return;
    const seconds = toRetryAfterSeconds(spent, clock.nowMs());
    throw new AppError("rate_limited", `${words} from this address. Try again in ${seconds} s.`, {
      retryAfterSeconds: seconds,
    });
  }

  return {
    recordFailure: (ip) => spend("failures", ip, failed, "Too many failed requests"),
    assertWelcome: (ip, bucket) => spend(bucket, ip, windows[bucket], "Too many requests"),
  };
}
