import { expect, it } from "vitest";
import { defencesOf } from "../src/attack.ts";
import { attackCases } from "../src/cases/index.ts";
import { parseCommandLine } from "../src/command-line.ts";
import { toReport } from "../src/report/report.ts";
import type { CaseResult } from "../src/run/result.ts";
import { findStale } from "../src/stage/edits.ts";
import { judge } from "../src/verdict.ts";

const answer = (status: number) => ({ status, headers: {}, text: "", bytes: Buffer.alloc(0) });
const result = (defences: "on" | "off", outcome: CaseResult["outcome"]): CaseResult => {
  return { name: "x", group: "g", defences, outcome, evidence: "", durationMs: 1 };
};

it("names every attack once", () => {
  expect(new Set(attackCases.map(({ name }) => name)).size).toBe(attackCases.length);
});

it("finds every defence in the source, exactly once", async () => {
  const stale = await Promise.all(attackCases.flatMap(defencesOf).map(findStale));
  expect(stale.filter((sentence) => sentence !== undefined)).toEqual([]);
});

it("changes something with every edit", () => {
  expect(attackCases.flatMap(defencesOf).filter(({ find, replace }) => find === replace)).toEqual([]);
});

it("calls a case stale whose defence is gone, or stands in the source twice", async () => {
  const file = "packages/attacks/src/attack.ts";
  expect(await findStale({ file, find: "export interface Verdict {", replace: "" })).toBeUndefined();
  expect(await findStale({ file, find: "export interface ", replace: "" })).toMatch(/found \d+ times/);
  expect(await findStale({ file, find: "no such words", replace: "" })).toMatch(/found 0 times/);
  expect(await findStale({ file: "no/such/file.ts", find: "x", replace: "" })).toMatch(/There is no file/);
});

it("takes no answer for a refusal that is none", () => {
  expect(judge([["one", answer(401)]], [401]).outcome).toBe("refused");
  expect(
    judge(
      [
        ["one", answer(401)],
        ["two", answer(202)],
      ],
      [401],
    ).outcome,
  ).toBe("succeeded");
  expect(() => judge([["one", answer(404)]], [401])).toThrow(/Expected 401/);
});

it("is red for a hole, for a case that proves nothing, and for one that could not be carried out", () => {
  expect(toReport([result("on", "refused"), result("off", "succeeded")]).isGreen).toBe(true);
  expect(toReport([result("on", "succeeded"), result("off", "succeeded")]).isGreen).toBe(false);
  expect(toReport([result("on", "refused"), result("off", "refused")]).isGreen).toBe(false);
  expect(toReport([result("on", "error")]).isGreen).toBe(false);
});

it("reads its command line, and refuses what it does not know with a sentence", () => {
  expect(parseCommandLine(["--defences", "off", "--case", "key"])).toMatchObject({ defences: ["off"], names: ["key"] });
  expect(() => parseCommandLine(["--defences", "maybe"])).toThrow(/expected on, off or both/);
  expect(() => parseCommandLine(["--lanes", "none"])).toThrow(/at least 1/);
});
