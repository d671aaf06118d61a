import { type CommandOptions, type Outcome, root, runCommand } from "./run-command.ts";

const FOLDERS = ["contracts", "workflows", "packages", "apps"];
const TEST = /(\.test(-d)?\.tsx?$|\/(test|conformance)\/|\.config\.ts$)/;

/** Foreign libraries that are a language rather than a foreigner: where they are used they are all a folder speaks. */
const LANGUAGES = new Set(["zod"]);

/** What dependency-cruiser prints with `--output-type json`, as far as it is read here. */
export interface Cruise {
  readonly modules: readonly {
    readonly source: string;
    readonly dependencies: readonly { readonly module: string; readonly dependencyTypes: readonly string[] }[];
  }[];
  readonly summary: {
    readonly violations: readonly {
      readonly from: string;
      readonly to: string;
      readonly rule: { readonly name: string };
    }[];
    readonly ruleSetUsed: { readonly forbidden: readonly { readonly name: string; readonly comment?: string }[] };
  };
}

/** The room a source file lies in: `apps/server/src/http`, and one deeper where every foreigner has a room of its own. */
function roomOf(source: string): { workspace: string; room: string } | undefined {
  const match = /^(workflows|[^/]+\/[^/]+)\/src\/(?:(adapters\/[^/]+|[^/]+)\/)?/.exec(source);
  return match?.[1] ? { workspace: match[1], room: match[2] ?? "." } : undefined;
}

/** `@scope/name` or `name` of an import like `kysely/migration`. */
const packageOf = (module: string) => module.split("/", module.startsWith("@") ? 2 : 1).join("/");

/** Each foreign library is imported in exactly one folder per workspace, so that replacing it opens one door. */
export function judgeRooms({ modules }: Pick<Cruise, "modules">): string[] {
  const rooms = new Map<string, Set<string>>();
  for (const { source, dependencies } of modules) {
    const place = TEST.test(source) ? undefined : roomOf(source);
    if (!place) continue;
    for (const { module, dependencyTypes } of dependencies) {
      if (!dependencyTypes.some((type) => type.startsWith("npm")) || module.startsWith("@comfy/")) continue;
      const name = packageOf(module);
      if (LANGUAGES.has(name)) continue;
      const key = `${place.workspace} imports ${name}`;
      rooms.set(key, (rooms.get(key) ?? new Set()).add(place.room));
    }
  }
  return [...rooms]
    .filter(([, folders]) => folders.size > 1)
    .map(
      ([key, folders]) => `${key} in ${folders.size} folders: ${[...folders].sort().join(", ")}; a foreigner has one.`,
    );
}

/** The violated rules, one sentence per rule with the imports under it. */
export function judgeRules({ summary }: Pick<Cruise, "summary">): string[] {
  const byRule = Map.groupBy(summary.violations, ({ rule }) => rule.name);
  return [...byRule].map(([name, violations]) => {
    const comments = summary.ruleSetUsed.forbidden.filter((rule) => rule.name === name).map(({ comment }) => comment);
    const says = new Set(comments).size === 1 ? comments[0] : "See packages/tooling/boundaries.cjs.";
    return [`${name}: ${says}`, ...violations.map(({ from, to }) => `  ${from} -> ${to}`)].join("\n");
  });
}

/** Who imports whom, in the whole checkout. */
export async function checkBoundaries(options: CommandOptions = {}): Promise<Outcome> {
  const config = `${root}packages/tooling/boundaries.cjs`;
  const args = ["--config", config, "--output-type", "json", ...FOLDERS];
  const { ok, output, stdout } = await runCommand("depcruise", args, options);
  if (!ok) return { ok, output };
  const cruise: Cruise = JSON.parse(stdout);
  const wrong = [...judgeRules(cruise), ...judgeRooms(cruise)];
  return { ok: wrong.length === 0, output: wrong.map((line) => `${line}\n`).join("") };
}
