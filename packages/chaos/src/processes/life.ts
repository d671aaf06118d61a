import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Writable } from "node:stream";
import { isListening } from "./ports.ts";

export interface Program {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly account?: { readonly uid: number; readonly gid: number } | undefined;
  /** Ready when somebody listens there, or when a line of its output says so. */
  readonly ready: { readonly port: number } | { readonly line: RegExp };
  /** Whether what it started lies in process groups of its own and is struck along with it (PostgreSQL). */
  readonly hasFamily?: boolean;
  /** Default: SIGTERM. */
  readonly stopSignal?: NodeJS.Signals;
}

/** A program from its start to its end. */
export interface Life {
  readonly pid: number | undefined;
  readonly isOver: boolean;
  /** Resolves with its exit code; null when a signal ended it or it could not be started. */
  readonly end: Promise<number | null>;
  isReady(): Promise<boolean>;
}

const alive = new Set<ChildProcess>();
const killAll = () => alive.forEach((child) => void child.kill("SIGKILL"));

/** Whatever ends us ends the child as well; only a SIGKILL to us cannot. */
function takeAlong(child: ChildProcess): () => void {
  if (alive.size === 0) process.on("exit", killAll);
  alive.add(child);
  return () => {
    alive.delete(child);
    if (alive.size === 0) process.off("exit", killAll);
  };
}

/** Starts a program, with its output after what is in the log. */
export function startLife({ command, args, cwd, env, account, ready }: Program, log: Writable): Life {
  // In a process group of its own: a Ctrl-C of the terminal reaches it through us alone.
  const child = spawn(command, args, { cwd, env, ...account, stdio: ["ignore", "pipe", "pipe"], detached: true });
  for (const stream of [child.stdout, child.stderr]) stream.pipe(log, { end: false });
  let hasSaidReady = false;
  if ("line" in ready)
    createInterface({ input: child.stdout }).on("line", (line) => {
      hasSaidReady ||= ready.line.test(line);
    });
  const letGo = takeAlong(child);
  let isOver = false;
  const end = new Promise<number | null>((resolve) => {
    child.once("error", () => resolve(null));
    child.once("exit", (code) => resolve(code));
  });
  void end.then(() => {
    isOver = true;
    letGo();
  });
  return {
    pid: child.pid,
    get isOver() {
      return isOver;
    },
    end,
    isReady: async () => !isOver && ("port" in ready ? isListening(ready.port) : hasSaidReady),
  };
}
