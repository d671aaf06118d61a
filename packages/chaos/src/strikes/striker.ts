import { setTimeout as sleep } from "node:timers/promises";
import type { Witness } from "../database/witness.ts";
import type { Journal } from "../evidence/journal.ts";
import type { StrikeRecord } from "../evidence/records.ts";
import type { Random } from "../random.ts";
import type { Stage } from "../stage/stage.ts";
import { chooseAim, takersOf } from "./aim.ts";
import { drawStrike, type Strike, type StrikeTargets } from "./draw-strike.ts";
import { hit } from "./hit.ts";

export interface StrikerOptions {
  readonly stage: Stage;
  readonly witness: Witness;
  readonly journal: Journal<StrikeRecord>;
  readonly random: Random;
  readonly count: number;
  /** Resolves when the n-th strike is due, or when `signal` aborts. */
  readonly untilDue: (n: number) => Promise<void>;
  readonly leaseMs: number;
  readonly failoverMs: number;
  /** Makes a customer cancel a job that runs: hardly anybody is being cancelled by chance. */
  readonly cancelOne: () => void;
  /** Aborts when there is no load left to strike. */
  readonly signal: AbortSignal;
  readonly onStrike: (record: Omit<StrikeRecord, "healedAt">) => void;
}

/** How long one waits for the state that is aimed at. */
const AIM_TIMEOUT_MS = 6_000;
const LOOK_EVERY_MS = 15;

/** Strikes until all are struck or the signal aborts; resolves when everything is healed. */
export async function strike(options: StrikerOptions): Promise<readonly StrikeRecord[]> {
  const { stage, random, signal, count, journal } = options;
  const actors = stage.actors.map(({ process, target }) => ({ process, name: target.name }));
  const targets: StrikeTargets = { ...options, actors, lines: stage.lines };
  const records: StrikeRecord[] = [];
  const hits = new Map<string, number>();
  const struck = createStruck(stage);
  const healing: Promise<void>[] = [];

  async function endure(drawn: Strike, begun: Omit<StrikeRecord, "healedAt">): Promise<void> {
    const heal = await hit(drawn, stage);
    await sleep(drawn.lastsMs);
    await heal();
    struck.delete(drawn.target);
    const record = { ...begun, healedAt: Date.now() };
    records.push(record);
    journal.write(record);
  }

  for (let n = 1; n <= count && !signal.aborted; n++) {
    await options.untilDue(n);
    const aim = chooseAim(hits, random);
    const drawn = drawStrike(targets, random, struck.isFree, takersOf(aim, random));
    if (drawn === undefined || signal.aborted) continue;
    struck.add(drawn.target);
    if (aim === "cancelling") options.cancelOne();
    const states = await waitForState(aim, options);
    for (const state of Object.keys(states)) hits.set(state, (hits.get(state) ?? 0) + 1);
    const { kind, process, target } = drawn;
    const begun = { n, kind, process, target, at: Date.now(), aim, states };
    options.onStrike(begun);
    healing.push(endure(drawn, begun));
  }
  await Promise.all(healing);
  return records;
}

/** What is under a strike now: a process, or the ways of a line. Of two strikes on the same thing one would heal the other's. */
function createStruck({ lines }: Stage) {
  const partsOf = (name: string) => lines.find((line) => line.name === name)?.ways ?? [name];
  const parts = new Set<string>();
  return {
    isFree: (name: string) => partsOf(name).every((part) => !parts.has(part)),
    add: (name: string) => partsOf(name).forEach((part) => void parts.add(part)),
    delete: (name: string) => partsOf(name).forEach((part) => void parts.delete(part)),
  };
}

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
