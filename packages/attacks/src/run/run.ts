import { type AttackCase, defencesOf, type Verdict } from "../attack.ts";
import { findStale } from "../stage/edits.ts";
import type { Deployment, Stage } from "../stage/stage.ts";
import { createTarget } from "../target/target.ts";
import { inLanes } from "./in-lanes.ts";
import { type CaseResult, settle } from "./result.ts";

/** Longer than the slowest attack waits for anything. */
const ATTACK_TIMEOUT_MS = 90_000;
/** Attacks on the shared service at a time. */
const SHARED_LANES = 4;

export interface RunOptions {
  /** Services that are started side by side. */
  readonly laneCount: number;
  readonly onResult?: (result: CaseResult) => void;
}

async function carryOut({ name, attack }: AttackCase, deployment: Deployment, stage: Stage): Promise<Verdict> {
  const timeout = Promise.withResolvers<never>();
  const timer = setTimeout(() => timeout.reject(new Error("The attack did not come to an end.")), ATTACK_TIMEOUT_MS);
  try {
    return await Promise.race([attack(createTarget(name, deployment, stage)), timeout.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** An edit that is not found exactly once: the case says nothing about the source as it stands. */
async function assertFresh(each: AttackCase): Promise<void> {
  const edits = [...defencesOf(each), ...(each.stage?.scenery ?? [])];
  const stale = (await Promise.all(edits.map(findStale))).find((sentence) => sentence !== undefined);
  if (stale !== undefined) throw new Error(stale);
}

/** A service for one case alone, with its defence on or off. */
async function onOwnService(each: AttackCase, stage: Stage, defences: "on" | "off"): Promise<Verdict> {
  await assertFresh(each);
  const { environment = {}, scenery = [] } = each.stage ?? {};
  const edits = [...scenery, ...(defences === "off" ? defencesOf(each) : [])];
  const deployment = await stage.start({ environment, edits });
  try {
    return await carryOut(each, deployment, stage);
  } finally {
    await deployment.close();
  }
}

/** With all defences on: one service for all that can share one. */
export async function runDefended(
  cases: readonly AttackCase[],
  stage: Stage,
  options: RunOptions,
): Promise<CaseResult[]> {
  const { laneCount, onResult = () => undefined } = options;
  const tell = (result: CaseResult) => {
    onResult(result);
    return result;
  };
  const shared = cases.filter((each) => each.stage === undefined);
  const alone = cases.filter((each) => each.stage !== undefined);
  const deployment = shared.length > 0 ? await stage.start() : undefined;
  const onShared = async (each: AttackCase) => {
    await assertFresh(each);
    if (!deployment || deployment.service.isOver) throw new Error("The service is gone: an attack has ended it.");
    return carryOut(each, deployment, stage);
  };
  const results = await inLanes(shared, SHARED_LANES, async (each) =>
    tell(await settle(each, "on", () => onShared(each))),
  );
  await deployment?.close();
  const more = await inLanes(alone, laneCount, async (each) =>
    tell(await settle(each, "on", () => onOwnService(each, stage, "on"))),
  );
  return [...results, ...more];
}

/** With the defence of each case off: a service for each. */
export async function runUndefended(
  cases: readonly AttackCase[],
  stage: Stage,
  options: RunOptions,
): Promise<CaseResult[]> {
  const { laneCount, onResult = () => undefined } = options;
  return inLanes(cases, laneCount, async (each) => {
    const result = await settle(each, "off", () => onOwnService(each, stage, "off"));
    onResult(result);
    return result;
  });
}
