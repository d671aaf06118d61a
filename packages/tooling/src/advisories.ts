import { type Outcome, runCommand } from "./run-command.ts";

/** A flaw that somebody has published, in a package that we depend on. */
interface Advisory {
  readonly severity: string;
  readonly title?: string;
  readonly url?: string;
  readonly module_name?: string;
  readonly name?: string;
}

/** A registry that is silent must not hold up everything else. */
const TIMEOUT_MS = 60_000;
const FAILING = new Set(["high", "critical"]);

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

/** What `pnpm audit --json` found; undefined when that is no answer but a complaint. */
function parseAdvisories(text: string): readonly Advisory[] | undefined {
  try {
    const report: unknown = JSON.parse(text);
    if (!isObject(report) || !isObject(report.advisories)) return undefined;
    return Object.values(report.advisories).flat().filter(isAdvisory);
  } catch {
    return undefined;
  }
}

const isAdvisory = (value: unknown): value is Advisory => isObject(value) && typeof value.severity === "string";

const toLine = ({ severity, title = "", url = "", module_name, name }: Advisory): string =>
  `${severity}: ${module_name ?? name ?? "a dependency"}: ${title} ${url}`.trimEnd();

/**
 * Judges what `pnpm audit --json` printed: flaws that are high or critical fail, smaller ones are told. A registry that cannot be asked
 * (some mirrors answer 405) is told as well and fails nothing, since it says nothing about us.
 */
export function judgeAdvisories({ stdout, output }: { readonly stdout: string; readonly output: string }): Outcome {
  const advisories = parseAdvisories(stdout);
  if (advisories === undefined) {
    const reason = output.replaceAll(/[\s×│]+/g, " ").trim();
    return { ok: true, output: "", note: `not asked: ${reason.slice(0, 160) || "the registry gave no answer"}` };
  }
  const failing = advisories.filter(({ severity }) => FAILING.has(severity));
  const smaller = advisories.length - failing.length;
  const note = smaller > 0 ? `${smaller} smaller ones are known` : "none is known";
  return { ok: failing.length === 0, output: failing.map((each) => `${toLine(each)}\n`).join(""), note };
}

/** Published flaws in what the product runs with. */
export async function checkAdvisories({ signal }: { readonly signal: AbortSignal }): Promise<Outcome> {
  const within = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
  return judgeAdvisories(await runCommand("pnpm", ["audit", "--json", "--prod"], { signal: within }));
}
