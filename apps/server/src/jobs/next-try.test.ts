import { expect, test } from "vitest";
import { toNextTry } from "./next-try.ts";

const job = { event: "job.completed" } as const;
const nowMs = Date.parse("2026-01-01T00:00:00Z");
const DAY_MS = 86_400_000;

const next = (sinceFirstTryMs: number, retryAfter?: string, random = 0) =>
  toNextTry(job, { sinceFirstTryMs, retryAfter, nowMs, random });

test("tries are counted from the first one and end after a day", () => {
  const tries: number[] = [];
  let atMs: number | undefined = 0;
  for (let at = 0; atMs !== undefined; at += atMs ?? 0) {
    tries.push(at / 1000);
    atMs = next(at);
  }
  expect(tries).toEqual([0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400]);
});

test("a slow try leaves out what it has passed, and one that ended a moment early is not repeated at once", () => {
  expect(next(20_000)).toBe(280_000);
  expect(next(299_500)).toBe(1_800_000 - 299_500);
  expect(next(DAY_MS - 500)).toBeUndefined();
});

test("each wait is longer by a tenth at the most, never shorter", () => {
  expect(next(0, undefined, 0.999)).toBeLessThanOrEqual(5_500);
  expect(next(0, undefined, 0)).toBe(5_000);
});

test("a receiver that asks for more time gets it, in seconds or as a date, up to the end of the day", () => {
  expect(next(0, "120")).toBe(120_000);
  expect(next(0, "1")).toBe(5_000);
  expect(next(0, new Date(nowMs + 60_000).toUTCString())).toBe(60_000);
  expect(next(7_200_000, "999999999")).toBe(DAY_MS - 7_200_000);
  for (const nonsense of ["", "soon", "-5", "1e9", "99999999999"]) expect(next(0, nonsense)).toBe(5_000);
});

test("a test is tried once", () => {
  expect(toNextTry({ event: "webhook.test" }, { sinceFirstTryMs: 0, nowMs, random: 0 })).toBeUndefined();
});
