import { describe, expect, it } from "vitest";
import { joinResults, median, percentile, perSecond, runClosedLoop } from "../src/load/closed-loop.ts";
import { formatReport, isReached } from "../src/report.ts";

describe("a closed loop", () => {
  it("has no more requests under way than it has callers, and makes exactly as many as asked", async () => {
    let underWay = 0;
    let most = 0;
    const seen = new Set<number>();
    const work = async (index: number) => {
      most = Math.max(most, ++underWay);
      seen.add(index);
      await new Promise((resolve) => setImmediate(resolve));
      underWay -= 1;
    };
    const { durationsMs, failures, hangs } = await runClosedLoop({ concurrency: 3, count: 20, work });
    expect({ most, seen: seen.size, done: durationsMs.length, failures, hangs }).toEqual({
      most: 3,
      seen: 20,
      done: 20,
      failures: [],
      hangs: 0,
    });
  });

  it("tells a request that hangs from one that fails, and times neither", async () => {
    const work = (index: number, signal: AbortSignal) =>
      index === 0
        ? Promise.reject(new Error("refused"))
        : new Promise<void>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    const result = await runClosedLoop({ concurrency: 2, count: 2, work, timeoutMs: 50 });
    expect(result).toMatchObject({ durationsMs: [], hangs: 1, failures: ["refused"] });
  });
});

describe("figures", () => {
  it("are nearest-rank percentiles", () => {
    const sorted = Array.from({ length: 100 }, (_, index) => index + 1);
    expect([percentile(sorted, 0.5), percentile(sorted, 0.99), percentile(sorted, 1)]).toEqual([50, 99, 100]);
    expect(median([3, 1, 2])).toBe(2);
    expect(percentile([], 0.5)).toBeNaN();
  });

  it("of several turns count their requests over their time", () => {
    const turn = { durationsMs: [1, 2], elapsedMs: 500, hangs: 0, failures: [] };
    expect(perSecond(joinResults([turn, turn]))).toBe(4);
  });

  it("that were not measured reach nothing, and a missed one is printed as missed", () => {
    const missed = { name: "speed", value: Number.NaN, unit: "ms", atMost: 8 };
    expect(isReached(missed)).toBe(false);
    expect(isReached({ ...missed, value: 8 })).toBe(true);
    const text = formatReport({ section: "s", configuration: {}, tables: [], figures: [missed], skipped: [] });
    expect(text).toContain("MISSED");
  });
});
