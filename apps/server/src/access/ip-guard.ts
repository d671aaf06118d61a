import { isIPv4, isIPv6 } from "node:net";
import type { Clock } from "../clock.ts";
import { AppError } from "../errors.ts";
import { toRetryAfterSeconds } from "./limit-request.ts";
import type { LimitWindow, RateLimiter } from "./rate-limiter.ts";

export interface IpGuard {
  /**
   * Counts a request that proved nothing.
   * @throws AppError `rate_limited` instead of the refusal it stands for, once the address has failed too often.
   */
  recordFailure(ip: string): Promise<void>;
}

const failures: LimitWindow = { name: "minute", limit: 60, windowMs: 60_000 };

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
 * limits of the key it names. Give it a limiter of its own: strangers choose its subjects.
 */
export function createIpGuard(options: { limiter: RateLimiter; clock: Clock; failuresPerMinute?: number }): IpGuard {
  const { limiter, clock } = options;
  const window = { ...failures, limit: options.failuresPerMinute ?? failures.limit };
  return {
    async recordFailure(ip) {
      const spent = await limiter.spend(`failures:${toIpSubject(ip)}`, [window]);
      if (spent.isAllowed) return;
      const seconds = toRetryAfterSeconds(spent, clock.nowMs());
      const sentence = `Too many failed requests from this address. Try again in ${seconds} s.`;
      throw new AppError("rate_limited", sentence, { retryAfterSeconds: seconds });
    },
  };
}
