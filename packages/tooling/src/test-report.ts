/** What is read of vitest's JSON report. */
export interface VitestReport {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message?: string;
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export const addCounts = (a: Counts, b: Counts): Counts => ({
  passed: a.passed + b.passed,
  failed: a.failed + b.failed,
  skipped: a.skipped + b.skipped,
});

/** The last line of every run; machines read it. */
export const toCountsLine = ({ passed, failed, skipped }: Counts): string =>
  `${passed} passed, ${failed} failed, ${skipped} skipped`;

/** Tests by outcome. A file that could not even be loaded has no test to fail and counts as one failure. */
export function countTests({ testResults }: VitestReport): Counts {
  const statuses = testResults.flatMap(({ assertionResults }) => assertionResults.map(({ status }) => status));
  const passed = statuses.filter((status) => status === "passed").length;
  const failed = statuses.filter((status) => status === "failed").length;
  const broken = testResults.filter(
    ({ status, assertionResults }) => status === "failed" && assertionResults.every((test) => test.status !== "failed"),
  ).length;
  return { passed, failed: failed + broken, skipped: statuses.length - passed - failed };
}

/** Names of the tests that did not run, `file > test`. */
export function listSkipped({ testResults }: VitestReport, root: string): string[] {
  return testResults.flatMap(({ name, assertionResults }) =>
    assertionResults
      .filter(({ status }) => status !== "passed" && status !== "failed")
      .map(({ fullName }) => `${name.replace(root, "")} > ${fullName}`),
  );
}

/** The skips a list allows: one per line, `file > test: reason`; `#` starts a comment. A line without a reason allows nothing. */
export function parseAllowedSkips(text: string): Map<string, string> {
  const lines = text.split("\n").map((line) => line.trim());
  const entries = lines
    .filter((line) => line && !line.startsWith("#"))
    .map((line) => /^(?<name>.+ > .+): (?<reason>\S.*)$/.exec(line)?.groups);
  return new Map(entries.flatMap((groups) => (groups?.name && groups.reason ? [[groups.name, groups.reason]] : [])));
}
