import { checkAdvisories } from "./advisories.ts";
import { checkBoundaries } from "./boundaries.ts";
import { checkGenerated } from "./generated.ts";
import { checkHouseRules } from "./house-rules.ts";
import { checkPromises } from "./promises.ts";
import { type Outcome, runCommand } from "./run-command.ts";

/** One thing `npm test` insists on beside the tests. */
export interface Step {
  readonly name: string;
  run(signal: AbortSignal): Promise<Outcome>;
}

const command = (name: string, file: string, ...args: string[]): Step => ({
  name,
  run: (signal) => runCommand(file, args, { signal }),
});

/**
 * Two lanes side by side, for two cores: the compiler alone takes about as long as everything else together. It reads all workspaces as
 * one program, 26 s of CPU against 88 s for one program each, which parse each other's source again and again. Generation comes last in
 * its lane because it reads the same files.
 */
export const lanes: readonly (readonly Step[])[] = [
  [command("types", "tsc", "--project", ".")],
  [
    { name: "house rules", run: () => checkHouseRules() },
    { name: "promises", run: () => checkPromises() },
    command("lint and format", "biome", "check", "--error-on-warnings", "."),
    { name: "import boundaries", run: (signal) => checkBoundaries({ signal }) },
    command("dead code", "knip", "--no-progress"),
    { name: "published flaws of dependencies", run: (signal) => checkAdvisories({ signal }) },
    { name: "generated files", run: (signal) => checkGenerated({ signal }) },
  ],
];

/** A proof that is shown as it runs: one of this size is read, not only counted. */
const proof = (name: string, ...args: string[]): Step => ({
  name,
  run: (signal) => runCommand("node", ["--conditions=@comfy/source", ...args], { isShown: true, signal }),
});

/** What takes minutes and comes after the tests, by the words that `--long` takes. */
export const longSteps = {
  chaos: proof("chaos, three minutes", "packages/chaos/src/main.ts", "--minutes", "3"),
  attacks: proof("attacks, each with its defence switched off", "packages/attacks/src/main.ts", "--defences", "off"),
  fuzz: proof("fuzz, 20,000 requests", "packages/fuzz/src/main.ts"),
} as const satisfies Readonly<Record<string, Step>>;
