import { spawn } from "node:child_process";
import { checkout } from "../src/checkout.ts";

/** A command of the CLI while it runs, and how it ended. */
export interface Running {
  /** Resolves with all of stdout so far once it matches. Rejects when the command ends before. */
  waitFor(pattern: RegExp): Promise<string>;
  readonly ended: Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }>;
  kill(signal: NodeJS.Signals): void;
}

/** Starts a command as `npm run` does, with an environment of its own. */
export function startCommand(args: readonly string[], env: NodeJS.ProcessEnv = {}): Running {
  const child = spawn(process.execPath, ["--conditions=@comfy/source", "apps/cli/src/main.ts", ...args], {
    cwd: checkout,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  const listeners = new Set<() => void>();
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    stdout += chunk;
    for (const listener of listeners) listener();
  });
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    stderr += chunk;
  });
  const ended = new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) => {
    child.once("close", (code) => resolve({ code, stdout, stderr }));
  });
  return {
    ended,
    kill: (signal) => void child.kill(signal),
    waitFor(pattern) {
      const seen = new Promise<string>((resolve) => {
        const look = () => {
          if (!pattern.test(stdout)) return;
          listeners.delete(look);
          resolve(stdout);
        };
        listeners.add(look);
        look();
      });
      const gone = ended.then(({ code }): never => {
        throw new Error(`The command ended with ${code} and never printed ${pattern}.\n${stdout}${stderr}`);
      });
      return Promise.race([seen, gone]);
    },
  };
}
