import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

/** Folder of the checkout; every path in a message is relative to it. */
export const root = fileURLToPath(new URL("../../..", import.meta.url));

/** How a check ended, with what it said. */
export interface Outcome {
  readonly ok: boolean;
  readonly output: string;
  /** Stands beside the name of a step, also of one that is well. */
  readonly note?: string;
}

/** A command's outcome; `output` holds both streams as they came, `stdout` what a program may read. */
export interface CommandOutcome extends Outcome {
  readonly stdout: string;
}

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal | undefined;
  /** Shows the output as it comes, instead of keeping it. */
  readonly isShown?: boolean;
}

/** Runs a command to its end. A command that cannot be started is a failed outcome, not an exception. */
export function runCommand(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandOutcome> {
  const { cwd = root, env = process.env, signal, isShown = false } = options;
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd, env, signal, stdio: isShown ? "inherit" : ["ignore", "pipe", "pipe"] });
    let output = "";
    let stdout = "";
    child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
      output += chunk;
      stdout += chunk;
    });
    child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
      output += chunk;
    });
    child.once("error", (error) => resolve({ ok: false, output: `${output}${command}: ${error.message}\n`, stdout }));
    child.once("close", (code, killed) => {
      const end = killed ? `${command} was ended by ${killed}.\n` : "";
      resolve({ ok: code === 0, output: output + end, stdout });
    });
  });
}
