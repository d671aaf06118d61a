import { describe, expect, it } from "vitest";
import type { LimitRequest } from "./limit-request.ts";
import { createRequestCounter, type RequestCount, withCountedRequests } from "./request-counter.ts";

const caller = { ownerId: "env:a", keyId: "k1" };

function setUp() {
  const handed: { n: number; counts: readonly RequestCount[] }[] = [];
  const state = { nowMs: Date.parse("2026-01-31T23:59:59Z"), isAway: false };
  const counts = {
    async add(_holder: string, n: number, given: readonly RequestCount[]) {
      handed.push({ n, counts: given });
      if (state.isAway) throw new Error("The database is away.");
    },
  };
  const clock = { nowMs: () => state.nowMs, monotonicMs: () => state.nowMs };
  return { handed, state, counter: createRequestCounter({ counts, clock, holder: "process" }) };
}

describe("the request counter", () => {
  it("hands over what was counted by day and key, once", async () => {
    const { handed, state, counter } = setUp();
    counter.count(caller);
    counter.count(caller);
    counter.count({ ...caller, keyId: "k2" });
    state.nowMs += 1_000;
    counter.count(caller);
    await counter.flush();
    await counter.flush();
    expect(handed).toEqual([
      {
        n: 1,
        counts: [
          { ...caller, day: "2026-01-31", count: 2 },
          { ...caller, day: "2026-01-31", keyId: "k2", count: 1 },
          { ...caller, day: "2026-02-01", count: 1 },
        ],
      },
    ]);
  });

  it("repeats a hand-over that was not answered, unchanged and under the same number, before the next one", async () => {
    const { handed, state, counter } = setUp();
    state.isAway = true;
    counter.count(caller);
    await expect(counter.flush()).rejects.toThrow("away");
    counter.count(caller);
    await expect(counter.flush()).rejects.toThrow("away");
    state.isAway = false;
    await counter.flush();
    await counter.flush();
    const once = [{ ...caller, day: "2026-01-31", count: 1 }];
    expect(handed).toEqual([1, 1, 1, 2].map((n) => ({ n, counts: once })));
  });

  it("never sends two hand-overs at once", async () => {
    const { handed, counter } = setUp();
    counter.count(caller);
    await Promise.all([counter.flush(), counter.flush(), counter.flush()]);
    expect(handed).toHaveLength(1);
  });

  it("counts what was let through, and nothing that was refused", async () => {
    const { handed, counter } = setUp();
    const limit: LimitRequest = async (_, bucket) => {
      if (bucket === "requests") throw new Error("Too many.");
      return undefined;
    };
    const limits = { ...caller, tier: "pro", limits: {} } as unknown as Parameters<LimitRequest>[0];
    const counted = withCountedRequests(limit, counter);
    await expect(counted(limits, "requests")).rejects.toThrow("Too many");
    await counted(limits, "none");
    await counter.flush();
    expect(handed[0]?.counts).toEqual([{ ...caller, day: "2026-01-31", count: 1 }]);
  });
});
