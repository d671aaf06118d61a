import { describe, expect, it } from "vitest";
import { createManualClock } from "../../test/manual-clock.ts";
import { testRateLimiter } from "../../test/ports/rate-limiter.suite.ts";
import { createMemoryRateLimiter } from "./rate-limiter-memory.ts";

const minute = { name: "minute", limit: 2, windowMs: 60_000 };

describe("the limiter in memory", () => {
  testRateLimiter(() => {
    const clock = createManualClock();
    return { limiter: createMemoryRateLimiter({ clock }), nowMs: clock.nowMs, advance: clock.advance };
  });

  it("opens no window early when the machine's clock is set forward, and blocks nobody when it is set back", async () => {
    const clock = createManualClock();
    const limiter = createMemoryRateLimiter({ clock });
    await limiter.spend("owner", [minute]);
    await limiter.spend("owner", [minute]);
    clock.jump(86_400_000);
    const refused = await limiter.spend("owner", [minute]);
    expect(refused).toMatchObject({ isAllowed: false, windows: [{ resetAtMs: clock.nowMs() + 60_000 }] });
    clock.jump(-2 * 86_400_000);
    clock.advance(60_001);
    expect(await limiter.spend("owner", [minute])).toMatchObject({ isAllowed: true });
  });

  it("forgets the longest unused subject when strangers bring too many", async () => {
    const limiter = createMemoryRateLimiter({ clock: createManualClock(), subjectsMax: 100 });
    await limiter.spend("idle", [minute]);
    await limiter.spend("busy", [minute]);
    for (let n = 0; n < 99; n++) await limiter.spend(`stranger-${n}`, [minute]);
    expect((await limiter.spend("idle", [minute])).windows[0]?.remaining).toBe(1);
    await limiter.spend("busy", [minute]);
    for (let n = 0; n < 98; n++) await limiter.spend(`stranger-${n}`, [minute]);
    expect((await limiter.spend("busy", [minute])).isAllowed).toBe(true);
    expect((await limiter.spend("busy", [minute])).isAllowed).toBe(false);
  });

  it("stays exact over many turns of a window", async () => {
    const clock = createManualClock();
    const limiter = createMemoryRateLimiter({ clock });
    let allowed = 0;
    for (let second = 0; second < 3_600; second++) {
      if ((await limiter.spend("owner", [{ ...minute, limit: 7 }])).isAllowed) allowed++;
      clock.advance(1_000);
    }
    expect(allowed).toBe(7 * 60);
  });
});
