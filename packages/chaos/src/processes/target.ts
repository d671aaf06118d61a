import { createWriteStream } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { type Life, type Program, startLife } from "./life.ts";
import { signalAll } from "./signals.ts";

export interface TargetOptions {
  /** Names it in logs and reports: `worker-1`. */
  readonly name: string;
  readonly program: Program;
  readonly logFile: string;
}

/** A real process that can be struck, and that comes back under the same name at the same address. */
export interface Target {
  readonly name: string;
  /** How often it ended although nobody had asked it to. */
  readonly deathCount: number;
  /** Resolves when it is ready. Starts it again while it ends before that, as a supervisor does. */
  start(signal: AbortSignal): Promise<void>;
  kill(): Promise<void>;
  freeze(): void;
  thaw(): void;
  /** Asks it to end; kills it when that takes too long. Resolves with its exit code, null after a kill. */
  stop(): Promise<number | null>;
}

// On two cores with other work a dozen processes take half a minute to start.
const READY_TIMEOUT_MS = 90_000;
const STOP_TIMEOUT_MS = 30_000;
const AGAIN_MS = 300;

export function createTarget({ name, program, logFile }: TargetOptions): Target {
  const log = createWriteStream(logFile, { flags: "a" });
  const hasFamily = program.hasFamily === true;
  let life: Life | undefined;
  let isWanted = false;
  let deathCount = 0;

  function launch(): void {
    const made = startLife(program, log);
    life = made;
    void made.end.then(async (code) => {
      if (life !== made || !isWanted) return;
      deathCount += 1;
      log.write(`${JSON.stringify({ chaos: "It ended although nobody had asked it to.", code })}\n`);
      await sleep(AGAIN_MS);
      if (life === made && isWanted) launch();
    });
  }

  const signal = (word: NodeJS.Signals) => signalAll(life?.isOver ? undefined : life?.pid, word, hasFamily);

  return {
    name,
    get deathCount() {
      return deathCount;
    },
    async start(abort) {
      isWanted = true;
      launch();
      const late = AbortSignal.any([abort, AbortSignal.timeout(READY_TIMEOUT_MS)]);
      while (!(await life?.isReady())) {
        if (late.aborted) throw new Error(`${name} was not ready in time: see ${logFile}.`);
        await sleep(50);
      }
    },
    async kill() {
      isWanted = false;
      signal("SIGKILL");
      await life?.end;
    },
    freeze: () => signal("SIGSTOP"),
    thaw: () => signal("SIGCONT"),
    async stop() {
      isWanted = false;
      if (life === undefined || life.isOver) return null;
      // One that is frozen could not hear us.
      signal("SIGCONT");
      signalAll(life.pid, program.stopSignal ?? "SIGTERM", false);
      const timer = setTimeout(() => signal("SIGKILL"), STOP_TIMEOUT_MS);
      const code = await life.end;
      clearTimeout(timer);
      return code;
    },
  };
}
