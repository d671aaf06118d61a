import { parseArgs } from "node:util";

export const USAGE = `Usage: npm run attacks -- [options]

  --defences on|off|both  on: every attack must be refused. off: each must succeed once its own defence is switched off. (default both)
  --case TEXT             only attacks whose name holds this; may be given more than once
  --group NAME            only attacks of this group; may be given more than once
  --lanes N               services side by side (default 2)
  --json FILE             writes the report
  --list                  prints the names and ends
  --help
`;

const OPTIONS = {
  defences: { type: "string" },
  case: { type: "string", multiple: true },
  group: { type: "string", multiple: true },
  lanes: { type: "string" },
  json: { type: "string" },
  list: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

export interface AttackOptions {
  readonly defences: readonly ("on" | "off")[];
  readonly names: readonly string[];
  readonly groups: readonly string[];
  readonly laneCount: number;
  readonly jsonFile: string | undefined;
  readonly isList: boolean;
}

const runs: Readonly<Record<string, AttackOptions["defences"]>> = { on: ["on"], off: ["off"], both: ["on", "off"] };

/**
 * Reads the command line; "help" when it asks for that.
 * @throws Error with one sentence when an argument is unknown or has no such value.
 */
export function parseCommandLine(args: readonly string[]): AttackOptions | "help" {
  const { values } = parseArgs({ args: [...args], options: OPTIONS });
  if (values.help === true) return "help";
  const { defences = "both", lanes = "2" } = values;
  const chosen = Object.hasOwn(runs, defences) ? runs[defences] : undefined;
  if (chosen === undefined) throw new Error(`--defences: expected on, off or both, got "${defences}"`);
  const laneCount = Number(lanes);
  if (!Number.isInteger(laneCount) || laneCount < 1)
    throw new Error(`--lanes: expected a number of at least 1, got "${lanes}"`);
  return {
    defences: chosen,
    names: values.case ?? [],
    groups: values.group ?? [],
    laneCount,
    jsonFile: values.json,
    isList: values.list === true,
  };
}
