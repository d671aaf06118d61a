import { expect, it } from "vitest";
import type { LimitWindow, RateLimiter } from "../../src/access/rate-limiter.ts";

/** A limiter whose time the suite can move; one that keeps real time moves its windows instead. */
export interface RateLimiterFixture {
  readonly limiter: RateLimiter;
  nowMs(): number;
  advance(ms: number): Promise<void> | void;
}

const minute: LimitWindow = { name: "minute", limit: 3, windowMs: 60_000 };
const hour: LimitWindow = { name: "hour", limit: 5, windowMs: 3_600_000 };

const remaining = (spent: Awaited<ReturnType<RateLimiter["spend"]>>) =>
  Object.fromEntries(spent.windows.map((window) => [window.name, window.remaining]));

/** What every {@link RateLimiter} promises. */
export function testRateLimiter(create: () => Promise<RateLimiterFixture> | RateLimiterFixture): void {
  it("allows exactly as many requests as the window holds", async () => {
    const { limiter } = await create();
    const answers = [];
    for (let n = 0; n < 5; n++) answers.push(await limiter.spend("owner", [minute]));
    expect(answers.map((spent) => spent.isAllowed)).toEqual([true, true, true, false, false]);
    expect(answers.map((spent) => spent.windows[0]?.remaining)).toEqual([2, 1, 0, 0, 0]);
  });

  it("allows exactly the limit when everyone comes at once", async () => {
    const { limiter } = await create();
    const wide = { ...minute, limit: 50 };
    const answers = await Promise.all(Array.from({ length: 500 }, () => limiter.spend("owner", [wide])));
    expect(answers.filter((spent) => spent.isAllowed)).toHaveLength(50);
  });

  it("slides: a request becomes possible when one grows old, not when a minute begins", async () => {
    const { limiter, advance } = await create();
    for (let n = 0; n < 3; n++) {
      await limiter.spend("owner", [minute]);
      await advance(10_000);
    }
    await advance(29_000);
    expect(await limiter.spend("owner", [minute])).toMatchObject({ isAllowed: false });
    await advance(1_001);
    expect(await limiter.spend("owner", [minute])).toMatchObject({ isAllowed: true, windows: [{ remaining: 0 }] });
    expect(await limiter.spend("owner", [minute])).toMatchObject({ isAllowed: false });
  });

  it("counts a refused request in no window at all", async () => {
    const { limiter, advance } = await create();
    for (let n = 0; n < 10; n++) await limiter.spend("owner", [minute, hour]);
    expect(remaining(await limiter.spend("owner", [minute, hour]))).toEqual({ minute: 0, hour: 2 });
    await advance(60_001);
    expect(remaining(await limiter.spend("owner", [minute, hour]))).toEqual({ minute: 2, hour: 1 });
    expect(remaining(await limiter.spend("owner", [minute, hour]))).toEqual({ minute: 1, hour: 0 });
    expect(await limiter.spend("owner", [minute, hour])).toMatchObject({ isAllowed: false });
    await advance(60_001);
    expect(remaining(await limiter.spend("owner", [minute, hour]))).toEqual({ minute: 3, hour: 0 });
  });

  it("names the window nearest to exhaustion first", async () => {
    const { limiter, advance } = await create();
    const names = async () => (await limiter.spend("owner", [hour, minute])).windows.map((window) => window.name);
    expect(await names()).toEqual(["minute", "hour"]);
    for (let n = 0; n < 3; n++) {
      await advance(60_001);
      await names();
    }
    await advance(60_001);
    expect(await names()).toEqual(["hour", "minute"]);
  });

  it("says when more becomes available", async () => {
    const { limiter, advance, nowMs } = await create();
    const firstMs = nowMs();
    await limiter.spend("owner", [minute]);
    await advance(5_000);
    await limiter.spend("owner", [minute]);
    await limiter.spend("owner", [minute]);
    const refused = await limiter.spend("owner", [minute]);
    const resetAtMs = refused.windows[0]?.resetAtMs ?? 0;
    // A limiter across the network reads its own clock.
    expect(Math.abs(resetAtMs - (firstMs + 60_000))).toBeLessThan(1_000);
  });

  it("keeps subjects apart", async () => {
    const { limiter } = await create();
    for (let n = 0; n < 4; n++) await limiter.spend("one", [minute]);
    expect(await limiter.spend("two", [minute])).toMatchObject({ isAllowed: true, windows: [{ remaining: 2 }] });
    expect(await limiter.spend("__proto__", [minute])).toMatchObject({ isAllowed: true, windows: [{ remaining: 2 }] });
  });

  it("obeys a limit that was lowered, and one of zero", async () => {
    const { limiter } = await create();
    for (let n = 0; n < 3; n++) await limiter.spend("owner", [minute]);
    const lowered = await limiter.spend("owner", [{ ...minute, limit: 1 }]);
    expect(lowered).toMatchObject({ isAllowed: false, windows: [{ remaining: 0 }] });
    const none = await limiter.spend("other", [{ ...minute, limit: 0 }]);
    expect(none).toMatchObject({ isAllowed: false, windows: [{ remaining: 0 }] });
  });
}
