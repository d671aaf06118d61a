// The commands of the repository itself: `npm test`, `npm run generate`, `npm run build`, and single steps by name.
import { checkBoundaries } from "./boundaries.ts";
import { runGenerators } from "./generated.ts";
import { checkHouseRules } from "./house-rules.ts";
import { type Outcome, runCommand } from "./run-command.ts";
import { runTestCommand } from "./test-command.ts";

async function show(outcome: Promise<Outcome>): Promise<number> {
  const { ok, output } = await outcome;
  process.stdout.write(output);
  return ok ? 0 : 1;
}

function run(command: string | undefined, args: readonly string[], signal: AbortSignal): Promise<number> {
  switch (command) {
    case "test":
      return runTestCommand(args, signal);
    case "generate":
      return show(runGenerators({ isShown: true, signal }));
    case "build":
      return show(runCommand("turbo", ["run", "build", ...args], { isShown: true, signal }));
    case "boundaries":
      return show(checkBoundaries({ signal }));
    case "rules":
      return show(checkHouseRules());
    default:
      process.stderr.write(`There is no command "${command ?? ""}".\n`);
      return Promise.resolve(2);
  }
}

const stopping = new AbortController();
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, () => stopping.abort());
const [, , command, ...args] = process.argv;
process.exitCode = await run(command, args, stopping.signal);
