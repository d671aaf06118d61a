import { setTimeout as sleep } from "node:timers/promises";
import type { Witness } from "../database/witness.ts";
import type { Journal } from "../evidence/journal.ts";
import type { StrikeRecord } from "../evidence/records.ts";
import type { Target } from "../processes/target.ts";
import type { Random } from "../random.ts";
import type { Stage } from "../stage/stage.ts";
import { chooseAim, takersOf } from "./aim.ts";
import { drawStrike, type Strike, type StrikeTargets } from "./draw-strike.ts";

export interface StrikerOptions {
  readonly stage: Stage;
  readonly witness: Witness;
  readonly journal: Journal<StrikeRecord>;
  readonly random: Random;
  readonly count: number;
  /** Milliseconds from one strike to the next, on average. */
  readonly everyMs: number;
  readonly leaseMs: number;
  readonly failoverMs: number;
  /** Aborts when there is no load left to strike. */
  readonly signal: AbortSignal;
  readonly onStrike: (record: Omit<StrikeRecord, "healedAt">) => void;
}

/** How long one waits for the state that is aimed at. */
const AIM_TIMEOUT_MS = 6_000;
const LOOK_EVERY_MS = 15;

/** Strikes until all are struck or the signal aborts; resolves when everything is healed. */
export async function strike(options: StrikerOptions): Promise<readonly StrikeRecord[]> {
  const { stage, random, signal, count, everyMs } = options;
  const targets: StrikeTargets = {
    ...options,
    actors: stage.actors.map(({ process, target }) => ({ process, name: target.name })),
    lines: stage.lines,
  };
  const records: StrikeRecord[] = [];
  const hits = new Map<string, number>();
  const struck = new Set<string>();
  const healing: Promise<void>[] = [];
  // One part of the world at a time: a process and the lines that lead to it.
  const isFree = (name: string) => ![...struck].some((other) => other.includes(name) || name.includes(other));

  let dueMs = performance.now();
  for (let n = 1; n <= count && !signal.aborted; ) {
    // From when it was due, not from when it was done: aiming takes time too.
    dueMs += everyMs * (0.5 + random.next());
    await sleep(Math.max(0, dueMs - performance.now()), undefined, { signal }).catch(() => undefined);
    const aim = chooseAim(hits);
    const drawn = drawStrike(targets, random, isFree, takersOf(aim, random));
    if (drawn === undefined || signal.aborted) continue;
    struck.add(drawn.target);
    const states = await waitForState(aim, options);
    for (const state of Object.keys(states)) hits.set(state, (hits.get(state) ?? 0) + 1);
    const begun = { n: n++, ...toNames(drawn), at: Date.now(), aim, states };
    options.onStrike(begun);
    const heal = await hit(drawn, stage);
    const whole = async () => {
      await sleep(drawn.lastsMs);
      await heal();
      struck.delete(drawn.target);
      const record = { ...begun, healedAt: Date.now() };
      records.push(record);
      options.journal.write(record);
    };
    healing.push(whole());
  }
  await Promise.all(healing);
  return records;
}

const toNames = ({ kind, process, target }: Strike) => ({ kind, process, target });

/** What the unfinished jobs are doing now, once one of them does what is aimed at, or when that takes too long. */
async function waitForState(aim: string, { witness, signal }: StrikerOptions): Promise<Record<string, number>> {
  const deadlineMs = performance.now() + AIM_TIMEOUT_MS;
  let states: Readonly<Record<string, number>> = {};
  while (!signal.aborted) {
    states = (await witness.sampleStates()) ?? {};
    if (states[aim] !== undefined || performance.now() > deadlineMs) break;
    await sleep(LOOK_EVERY_MS);
  }
  return states;
}

/** Strikes, and gives what undoes it. */
async function hit({ kind, target: name }: Strike, stage: Stage): Promise<() => Promise<void>> {
  if (kind === "blackhole" || kind === "cut") {
    await stage.network.setMode(name, kind);
    return () => stage.network.setMode(name, "pass");
  }
  const target = findTarget(stage, name);
  // Healing must not be given up with the load: the run ends with everything standing.
  const start = () => target.start(new AbortController().signal);
  switch (kind) {
    case "kill":
      await target.kill();
      return start;
    case "freeze":
      target.freeze();
      return async () => target.thaw();
    case "restart":
      // Its shutdown goes on while others are struck.
      return createRestart(target, start);
  }
}

function createRestart(target: Target, start: () => Promise<void>): () => Promise<void> {
  const stopping = target.stop();
  return async () => {
    await stopping;
    await start();
  };
}

function findTarget({ actors }: Stage, name: string): Target {
  const actor = actors.find(({ target }) => target.name === name);
  if (actor === undefined) throw new Error(`There is no process called ${name} to strike.`);
  return actor.target;
}
