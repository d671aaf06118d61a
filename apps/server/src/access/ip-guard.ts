import { isIPv4, isIPv6 } from "node:net";
import type { Clock } from "../clock.ts";
import { AppError } from "../errors.ts";
import { toRetryAfterSeconds } from "./limit-request.ts";
import type { LimitWindow, RateLimiter } from "./rate-limiter.ts";

export interface IpGuard {
  /**
   * Refuses an address that failed too often. Not to be asked before a signature is checked: a stranger behind the same address
   * (a hosting platform's exit, a proxy) could then lock a caller out.
   * @throws AppError `rate_limited`
   */
  assertWelcome(ip: string): void;
  /**
   * Counts a request that proved nothing.
   * @throws AppError `rate_limited` instead of the refusal it stands for, once the address has failed too often.
   */
  recordFailure(ip: string): Promise<void>;
}

const failures: LimitWindow = { name: "minute", limit: 60, windowMs: 60_000 };
const BLOCKED_MAX = 10_000;

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
 * Counts failed authentication per address, so that an invented key never opens a fresh bucket and a bad signature never spends the
 * limits of the key it names. Give it a limiter of its own: strangers choose its subjects.
 */
export function createIpGuard(options: { limiter: RateLimiter; clock: Clock; failuresPerMinute?: number }): IpGuard {
  const { limiter, clock } = options;
  const window = { ...failures, limit: options.failuresPerMinute ?? failures.limit };
  const blockedUntilMs = new Map<string, number>();

  function refuse(seconds: number): never {
    const sentence = `Too many failed requests from this address. Try again in ${seconds} s.`;
    throw new AppError("rate_limited", sentence, { retryAfterSeconds: seconds });
  }

  function block(subject: string, untilMs: number): void {
    blockedUntilMs.delete(subject);
    blockedUntilMs.set(subject, untilMs);
    const [oldest] = blockedUntilMs.keys();
    if (blockedUntilMs.size > BLOCKED_MAX && oldest !== undefined) blockedUntilMs.delete(oldest);
  }

  return {
    assertWelcome(ip) {
      const subject = toIpSubject(ip);
      const leftMs = (blockedUntilMs.get(subject) ?? 0) - clock.nowMs();
      if (leftMs > 0) refuse(Math.ceil(leftMs / 1000));
      blockedUntilMs.delete(subject);
    },

    async recordFailure(ip) {
      const subject = toIpSubject(ip);
      const spent = await limiter.spend(`failures:${subject}`, [window]);
      const [state] = spent.windows;
      if (state?.remaining === 0) block(subject, state.resetAtMs);
      if (!spent.isAllowed) refuse(toRetryAfterSeconds(spent, clock.nowMs()));
    },
  };
}
