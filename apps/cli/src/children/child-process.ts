import { type ChildProcess, spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { parseReadyLine, type ReadyLine } from "./ready-line.ts";

export interface ChildOptions {
  /** As it is called in messages: "The emulator". */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  /** Where its output goes, after what is there. */
  readonly logFile: string;
  readonly readyTimeoutMs: number;
  /** Milliseconds between asking it to end and ending it. */
  readonly stopTimeoutMs: number;
  readonly signal: AbortSignal;
}

/** A program of ours that is running and has said where. */
export interface Child {
  readonly ready: ReadyLine;
  /** Rejects, with its last words, when the child ends without having been asked to; never resolves. */
  readonly ended: Promise<never>;
  /** Asks it to end and waits until it has. Safe to call twice. */
  stop(): Promise<void>;
}

const LAST_LINES = 30;

/** The last lines of a child's output, which is where it says why it ended; all of it goes to the log file. */
function recordOutput(child: { stdout: Readable; stderr: Readable }, logFile: string, onLine: (line: string) => void) {
  const log = createWriteStream(logFile, { flags: "a", mode: 0o600 });
  // A full disk must not end the command that only wanted to keep a log.
  log.on("error", () => {});
  const last: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY }).on("line", (line) => {
      log.write(`${line}\n`);
      last.push(line);
      if (last.length > LAST_LINES) last.shift();
      if (stream === child.stdout) onLine(line);
    });
  }
  const closed = new Promise<void>((resolve) => log.once("close", resolve));
  const close = () => {
    log.end();
    return closed;
  };
  return { last, close };
}

/** Resolves with how the child ended, whichever way. */
function waitForEnd(child: ChildProcess, name: string): Promise<string> {
  return new Promise((resolve) => {
    child.once("error", (error) => resolve(`${name} could not be started: ${error.message}.`));
    child.once("close", (code, signal) => resolve(`${name} ended (${signal ?? `exit code ${code}`}).`));
  });
}

/**
 * Starts a program and waits for the one line in which it says that it is ready and where.
 *
 * @throws Error with the program's last lines, when it ends before that or is not ready in time.
 */
export async function startChild(options: ChildOptions): Promise<Child> {
  const { name, signal } = options;
  signal.throwIfAborted();
  // In a process group of its own a Ctrl-C reaches it through us alone, in the order that lets it finish what it holds.
  const child = spawn(options.command, options.args, {
    cwd: options.cwd,
    env: options.env,
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  const ready = Promise.withResolvers<ReadyLine>();
  const { last, close } = recordOutput(child, options.logFile, (line) => {
    const parsed = parseReadyLine(line);
    if (parsed) ready.resolve(parsed);
  });
  // Whatever ends this process takes the child along; only a SIGKILL to us cannot.
  const kill = () => void child.kill("SIGKILL");
  process.once("exit", kill);
  let isStopping = false;
  const end = waitForEnd(child, name).then(async (how) => {
    process.off("exit", kill);
    await close();
    return how;
  });
  const ended = end.then((how): never | Promise<never> => {
    if (isStopping) return new Promise<never>(() => {});
    throw new Error([how, ...last.map((line) => `  ${line}`)].join("\n"));
  });
  // Nobody may be waiting for it at that moment; whoever does gets it all the same.
  ended.catch(() => {});

  const stop = async () => {
    isStopping = true;
    child.kill("SIGTERM");
    const timer = setTimeout(kill, options.stopTimeoutMs);
    await end;
    clearTimeout(timer);
  };
  const waiting = new AbortController();
  try {
    const line = await Promise.race([ready.promise, ended, toRejection(options, waiting.signal)]);
    return { ready: line, ended, stop };
  } catch (error) {
    await stop();
    throw error;
  } finally {
    waiting.abort();
  }
}

/** Rejects when the time to get ready is over, or with the signal's own reason; lets go of both once nobody waits any more. */
function toRejection({ name, readyTimeoutMs, signal }: ChildOptions, done: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const late = () => reject(new Error(`${name} was not ready after ${readyTimeoutMs / 1_000} s.`));
    const timer = setTimeout(late, readyTimeoutMs);
    done.addEventListener("abort", () => clearTimeout(timer), { once: true });
    signal.addEventListener("abort", () => reject(signal.reason), { once: true, signal: done });
  });
}
