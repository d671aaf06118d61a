import { type CommandOptions, type Outcome, runCommand } from "./run-command.ts";

/** Runs the `generate` script of every workspace that has one, the contract before the SDK. */
export function runGenerators(options: CommandOptions = {}, ...args: string[]): Promise<Outcome> {
  return runCommand("pnpm", ["--recursive", "--if-present", "run", "generate", ...args], options);
}

/** Whether what was generated is what would be generated now. Every generator takes `--check`, writes nothing then, and names what is stale. */
export function checkGenerated(options: CommandOptions = {}): Promise<Outcome> {
  return runGenerators(options, "--check");
}
