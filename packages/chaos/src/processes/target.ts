import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { waitForPort } from "./ports.ts";

export interface TargetOptions {
  /** Names it in logs and reports: `worker-1`. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly account?: { readonly uid: number; readonly gid: number } | undefined;
  /** Ready when somebody listens there, or when a line of its output says so. */
  readonly ready: { readonly port: number } | { readonly line: RegExp };
  readonly logFile: string;
  /** Whether what it started lies in process groups of its own and must be struck along with it (PostgreSQL). */
  readonly hasFamily?: boolean;
  readonly stopSignal?: NodeJS.Signals;
}

const READY_TIMEOUT_MS = 90_000;
const STOP_TIMEOUT_MS = 30_000;
const AGAIN_MS = 300;

/** A real child process that can be struck, and that comes back under the same name on the same port. */
export interface Target {
  readonly name: string;
  /** How often it ended although nobody had asked it to. */
  readonly deathCount: number;
  /** Resolves when it listens; tries again while it ends before that, as a supervisor does. */
  start(signal: AbortSignal): Promise<void>;
  kill(): Promise<void>;
  freeze(): void;
  thaw(): void;
  /** Asks it to end; kills it when it takes too long. Resolves with its exit code, null after a kill. */
  stop(): Promise<number | null>;
}

/** Children of a process, from the kernel. Empty where there is no such file or the process has gone. */
function childrenOf(pid: number): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
    return text.split(" ").filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has gone already, which is what a signal can do at most.
  }
}

export function createTarget(options: TargetOptions): Target {
  let child: ChildProcess | undefined;
  let isWanted = false;
  let deathCount = 0;
  let readiness = Promise.resolve();
  const log = createWriteStream(options.logFile, { flags: "a" });
  const exits = new WeakMap<ChildProcess, Promise<number | null>>();

  function family(): number[] {
    const pid = child?.pid;
    if (pid === undefined) return [];
    return options.hasFamily ? [pid, ...childrenOf(pid)] : [pid];
  }

  function watchReady(made: ChildProcess): Promise<void> {
    const { ready } = options;
    if ("port" in ready || made.stdout === null) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    createInterface({ input: made.stdout }).on("line", (line) => ready.line.test(line) && resolve());
    return promise;
  }

  function launch(): ChildProcess {
    const made = spawn(options.command, options.args, {
      cwd: options.cwd,
      env: options.env,
      ...options.account,
      stdio: ["ignore", "pipe", "pipe"],
      // A Ctrl-C of the terminal reaches it through us alone.
      detached: true,
    });
    for (const stream of [made.stdout, made.stderr]) stream?.pipe(log, { end: false });
    const killAlong = () => void made.kill("SIGKILL");
    process.once("exit", killAlong);
    const exit = new Promise<number | null>((resolve) => {
      made.once("error", () => resolve(null));
      made.once("exit", (code) => resolve(code));
    });
    exits.set(made, exit);
    readiness = watchReady(made);
    void exit.then((code) => {
      process.off("exit", killAlong);
      if (child !== made || !isWanted) return;
      deathCount += 1;
      log.write(`${JSON.stringify({ chaos: "It ended although nobody had asked it to.", code })}\n`);
      setTimeout(() => isWanted && child === made && relaunch(), AGAIN_MS);
    });
    return made;
  }

  function relaunch(): void {
    child = launch();
  }

  async function waitUntilReady(signal: AbortSignal): Promise<void> {
    if ("port" in options.ready) return waitForPort(options.ready.port, signal);
    // What it is now: a child that died before it was ready has a successor.
    for (let seen: Promise<void> | undefined; seen !== readiness; ) {
      seen = readiness;
      signal.throwIfAborted();
      await Promise.race([seen, ended(child), once(signal, "abort")]);
      if (child?.exitCode !== null || child.signalCode !== null) await sleep(2 * AGAIN_MS);
    }
    if (signal.aborted) throw new Error(`${options.name} was not ready in time: see ${options.logFile}.`);
  }

  const ended = (made: ChildProcess | undefined) => (made && exits.get(made)) ?? Promise.resolve(null);

  return {
    name: options.name,
    get deathCount() {
      return deathCount;
    },
    async start(signal) {
      isWanted = true;
      relaunch();
      await waitUntilReady(AbortSignal.any([signal, AbortSignal.timeout(READY_TIMEOUT_MS)]));
    },
    async kill() {
      isWanted = false;
      for (const pid of family()) send(pid, "SIGKILL");
      await ended(child);
    },
    freeze() {
      for (const pid of family()) send(pid, "SIGSTOP");
    },
    thaw() {
      for (const pid of family()) send(pid, "SIGCONT");
    },
    async stop() {
      isWanted = false;
      const made = child;
      if (made?.pid === undefined || made.exitCode !== null || made.signalCode !== null) return made?.exitCode ?? null;
      send(made.pid, options.stopSignal ?? "SIGTERM");
      const timer = setTimeout(() => family().forEach((pid) => send(pid, "SIGKILL")), STOP_TIMEOUT_MS);
      const code = await ended(made);
      clearTimeout(timer);
      return code;
    },
  };
}
