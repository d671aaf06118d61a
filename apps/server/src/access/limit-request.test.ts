import { scopes, tiers } from "@comfy/contracts";
import { describe, expect, it } from "vitest";
import { createManualClock } from "../../test/manual-clock.ts";
import type { Caller } from "./caller.ts";
import { createIpGuard, toIpSubject } from "./ip-guard.ts";
import { toLimitHeaders } from "./limit-headers.ts";
import { createLimitRequest, RateLimitedError } from "./limit-request.ts";
import { createMemoryRateLimiter } from "./rate-limiter-memory.ts";

const free: Caller = { ownerId: "env:one", keyId: "key-1", tier: "free", limits: tiers.free, scopes, via: "signature" };

function setUp() {
  const clock = createManualClock();
  const limiter = createMemoryRateLimiter({ clock });
  return { clock, limiter, limitRequest: createLimitRequest({ limiter, clock }) };
}

async function catchError(promise: Promise<unknown>): Promise<RateLimitedError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof RateLimitedError) return error;
  throw new Error("expected a RateLimitedError", { cause: error });
}

describe("the limits of an owner", () => {
  it("stop the eleventh request of a free minute and say when to come back", async () => {
    const { limitRequest, clock } = setUp();
    for (let n = 0; n < 10; n++) await limitRequest(free, "requests");
    clock.advance(20_500);
    const error = await catchError(limitRequest(free, "requests"));
    expect(error).toMatchObject({ code: "rate_limited", status: 429, retryAfterSeconds: 40 });
    expect(error.message).toBe("Rate limit exceeded: 10 requests per minute. Try again in 40 s.");
    clock.advance(39_501);
    await expect(limitRequest(free, "requests")).resolves.toBeDefined();
  });

  it("name the hour when the hour is full", async () => {
    const { limitRequest, clock } = setUp();
    for (let n = 0; n < 100; n++) {
      await limitRequest(free, "requests");
      clock.advance(10_000);
    }
    const error = await catchError(limitRequest(free, "requests"));
    expect(error.message).toContain("100 requests per hour");
    expect(error.retryAfterSeconds).toBe(3_600 - 1_000);
  });

  it("are shared by all keys of the owner and by nobody else", async () => {
    const { limitRequest } = setUp();
    for (let n = 0; n < 10; n++) await limitRequest({ ...free, keyId: `key-${n}` }, "requests");
    await expect(limitRequest(free, "requests")).rejects.toThrow(RateLimitedError);
    await expect(limitRequest({ ...free, ownerId: "env:two" }, "requests")).resolves.toBeDefined();
  });

  it("let job reads go on in a bucket of their own", async () => {
    const { limitRequest } = setUp();
    for (let n = 0; n < 60; n++) await limitRequest(free, "jobReads");
    expect((await limitRequest(free, "requests"))?.windows[0]).toMatchObject({ remaining: 9 });
    const error = await catchError(limitRequest(free, "jobReads"));
    expect(error.message).toContain("60 job reads per minute");
    expect(await limitRequest(free, "none")).toBeUndefined();
  });

  it("count what strangers pay per address as a request of a known caller", async () => {
    const { limitRequest } = setUp();
    for (let n = 0; n < 10; n++) await limitRequest(free, n % 2 ? "auth" : "requests");
    await expect(limitRequest(free, "auth")).rejects.toThrow("10 requests per minute");
  });
});

describe("the limit headers", () => {
  it("show the window nearest to exhaustion in the legacy fields and both in the IETF ones", async () => {
    const { limitRequest, clock } = setUp();
    clock.advance(1);
    const spent = await limitRequest(free, "requests");
    if (!spent) throw new Error("expected windows");
    clock.advance(18_500);
    expect(toLimitHeaders(spent, clock.nowMs())).toEqual({
      "x-ratelimit-limit": "10",
      "x-ratelimit-remaining": "9",
      "x-ratelimit-reset": String(1_763_712_061),
      "ratelimit-policy": '"minute";q=10;w=60, "hour";q=100;w=3600',
      ratelimit: '"minute";r=9;t=42, "hour";r=99;t=3582',
    });
  });

  it("stand on a refusal too", async () => {
    const { limitRequest, clock } = setUp();
    for (let n = 0; n < 10; n++) await limitRequest(free, "requests");
    const { spent } = await catchError(limitRequest(free, "requests"));
    expect(toLimitHeaders(spent, clock.nowMs())).toMatchObject({ "x-ratelimit-remaining": "0" });
  });
});

describe("the guard of addresses", () => {
  it("turns refusals into 429 after sixty failures, for the failing address alone", async () => {
    const { limiter, clock } = setUp();
    const guard = createIpGuard({ limiter, clock });
    for (let n = 0; n < 60; n++) await guard.recordFailure("203.0.113.7");
    await expect(guard.recordFailure("203.0.113.7")).rejects.toMatchObject({ status: 429, retryAfterSeconds: 60 });
    await expect(guard.recordFailure("::ffff:203.0.113.7")).rejects.toThrow(/Too many failed requests/);
    await expect(guard.recordFailure("203.0.113.8")).resolves.toBeUndefined();
    clock.advance(60_001);
    await expect(guard.recordFailure("203.0.113.7")).resolves.toBeUndefined();
  });

  it("lets an address ask 120 times a minute where nobody has to say who they are, and counts its failures apart", async () => {
    const { limiter, clock } = setUp();
    const guard = createIpGuard({ limiter, clock });
    for (let n = 0; n < 120; n++) await guard.assertWelcome("2001:db8:1:2::7", "auth");
    await expect(guard.assertWelcome("2001:db8:1:2::8", "auth")).rejects.toMatchObject({
      status: 429,
      retryAfterSeconds: 60,
      message: "Too many requests from this address. Try again in 60 s.",
    });
    await expect(guard.assertWelcome("203.0.113.8", "auth")).resolves.toBeUndefined();
    await expect(guard.recordFailure("2001:db8:1:2::7")).resolves.toBeUndefined();
  });

  it.each([
    ["203.0.113.7", "203.0.113.7"],
    ["::ffff:203.0.113.7", "203.0.113.7"],
    ["::FFFF:cb00:7107", "203.0.113.7"],
    ["0:0:0:0:0:ffff:203.0.113.7", "203.0.113.7"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:0DB8:0001:0002::ffff", "2001:db8:1:2::/64"],
    ["2001:db8:1::1", "2001:db8:1:0::/64"],
    ["fe80::1%eth0", "fe80:0:0:0::/64"],
    ["::1", "0:0:0:0::/64"],
    ["", "unknown"],
    ["1.2.3.4, 5.6.7.8", "unknown"],
    ["]:80/?x=[", "unknown"],
    ["999.1.1.1", "unknown"],
  ])("counts %j as %s", (ip, subject) => {
    expect(toIpSubject(ip)).toBe(subject);
  });
});
