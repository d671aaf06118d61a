import { describe, expect, it } from "vitest";
import { countTests, listSkipped, parseAllowedSkips, toCountsLine, type VitestReport } from "../src/test-report.ts";

const file = (name: string, status: string, ...statuses: string[]) => ({
  name,
  status,
  assertionResults: statuses.map((each, index) => ({ fullName: `test ${index}`, status: each })),
});

describe("the counts", () => {
  it("are of tests, by outcome", () => {
    const report: VitestReport = {
      testResults: [
        file("/r/a.test.ts", "failed", "passed", "failed"),
        file("/r/b.test.ts", "passed", "passed", "pending", "todo"),
      ],
    };
    expect(toCountsLine(countTests(report))).toBe("2 passed, 1 failed, 2 skipped");
    expect(listSkipped(report, "/r/")).toEqual(["b.test.ts > test 1", "b.test.ts > test 2"]);
  });

  it("hold a file that could not be loaded as one failure, though no test of it failed", () => {
    const report = { testResults: [file("/r/a.test.ts", "failed"), file("/r/b.test.ts", "passed", "passed")] };
    expect(toCountsLine(countTests(report))).toBe("1 passed, 1 failed, 0 skipped");
  });
});

describe("the list of allowed skips", () => {
  it("allows what it names with a reason, and nothing without one", () => {
    const text =
      "# why\n\na.test.ts > needs a GPU: there is none in this run\nb.test.ts > later\nc.test.ts > empty:  \n";
    expect([...parseAllowedSkips(text)]).toEqual([["a.test.ts > needs a GPU", "there is none in this run"]]);
  });
});
