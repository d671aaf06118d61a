import type { Journal } from "../evidence/journal.ts";
import type { ClientRecord } from "../evidence/records.ts";
import type { Random } from "../random.ts";
import { createCaller } from "./caller.ts";
import { drawErrand } from "./errand.ts";

export interface LoadOptions {
  readonly seed: number;
  readonly jobCount: number;
  readonly callerCount: number;
  readonly stage: { readonly doorPorts: readonly number[]; readonly secret: string; readonly callbackUrl: string };
  readonly journal: Journal<ClientRecord>;
  readonly random: Random;
  /** Aborts whatever is still waited for. */
  readonly signal: AbortSignal;
}

/** The customers of a run. */
export interface Load {
  /** How many jobs were asked for so far. */
  readonly count: number;
  /** Asks for jobs until there are enough or `end` aborts; jobs that were asked for are still waited for then. */
  ask(end: AbortSignal): Promise<void>;
  /** A customer changes its mind about a job it waits for, if there is one. */
  cancelOne(): void;
  /** Gives those that still wait a moment to hear how their job ended, then ends them. */
  finish(over: AbortController): Promise<void>;
}

const LAST_ANSWER_MS = 30_000;

export function createLoad({ stage, ...options }: LoadOptions): Load {
  const { seed, jobCount, callerCount, random, signal } = options;
  const caller = createCaller({ ...options, ...stage });
  const running = new Set<Promise<void>>();
  let count = 0;

  async function customer(end: AbortSignal): Promise<void> {
    while (count < jobCount && !end.aborted) {
      count += 1;
      const done = caller.run(drawErrand(count, seed, random));
      running.add(done);
      void done.finally(() => running.delete(done));
      await Promise.race([done, new Promise((resolve) => end.addEventListener("abort", resolve, { once: true }))]);
    }
  }

  return {
    get count() {
      return count;
    },
    ask: async (end) => void (await Promise.all(Array.from({ length: callerCount }, () => customer(end)))),
    cancelOne: caller.cancelOne,
    async finish(over) {
      const late = new Promise((resolve) => setTimeout(resolve, LAST_ANSWER_MS).unref());
      await Promise.race([Promise.all(running), late]);
      if (!signal.aborted) over.abort(new Error("The run is over."));
      await Promise.all(running);
    },
  };
}
