import { chmod, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Audit, audit } from "./audit/audit.ts";
import type { ChaosOptions } from "./command-line.ts";
import { createWitness, type OpenWork, type Witness } from "./database/witness.ts";
import { readBaseEnvironment } from "./environment.ts";
import { createJournal } from "./evidence/journal.ts";
import { readClient, readRenders, readStrikes, readWebhooks } from "./evidence/read-logs.ts";
import type { ClientRecord, Evidence, StrikeRecord } from "./evidence/records.ts";
import { inject } from "./inject.ts";
import { createLoad, type Load } from "./load/load.ts";
import { createRandom } from "./random.ts";
import { createStage, type Stage } from "./stage/stage.ts";
import { createTopology } from "./stage/topology.ts";
import { waitForQuiet } from "./stage/wait-for-quiet.ts";
import { strike } from "./strikes/striker.ts";

/** Everything a run came to. */
export interface Outcome {
  readonly options: ChaosOptions;
  readonly folder: string;
  readonly audit: Audit;
  readonly strikes: readonly StrikeRecord[];
  readonly gaveUp: number;
  /** What was not over when the time to get quiet was. */
  readonly open: OpenWork | undefined;
  /** Processes that ended although nobody had asked them to, by name. */
  readonly deaths: Readonly<Record<string, number>>;
  /** Servers that did not end with 0 when they were asked to. */
  readonly badExits: readonly string[];
  readonly loadMs: number;
  readonly quietMs: number;
}

export type Tell = (sentence: string) => void;

const LOOK_EVERY_MS = 100;
const LOAD_MS_MAX = 3_600_000;

/** Plays a whole run and audits it. Rejects when the stage cannot be built. */
export async function run(options: ChaosOptions, tell: Tell, signal: AbortSignal): Promise<Outcome> {
  const folder = await mkdtemp(join(tmpdir(), "comfy-chaos-"));
  // The account of the database must get through to its folder.
  await chmod(folder, 0o755);
  const random = createRandom(options.seed);
  const stage = await createStage({
    ...options,
    folder,
    topology: createTopology(options),
    env: readBaseEnvironment(),
  });
  try {
    tell(`Evidence in ${folder}`);
    await stage.start(signal);
    tell(`${stage.actors.length} processes are up: ${stage.actors.map(({ target }) => target.name).join(", ")}`);
    return await play({ options, folder, stage, random, tell, signal });
  } finally {
    await stage.close();
  }
}

interface Play {
  readonly options: ChaosOptions;
  readonly folder: string;
  readonly stage: Stage;
  readonly random: ReturnType<typeof createRandom>;
  readonly tell: Tell;
  readonly signal: AbortSignal;
}

async function play(given: Play): Promise<Outcome> {
  const { options, folder, stage, tell, signal } = given;
  const witness = createWitness(stage.databaseUrl);
  const clientLog = createJournal<ClientRecord>(join(folder, "client.jsonl"));
  const strikeLog = createJournal<StrikeRecord>(join(folder, "strikes.jsonl"));
  const over = new AbortController();
  const load = createLoad({ ...options, stage, journal: clientLog, random: given.random.fork(), signal: over.signal });
  const startedMs = performance.now();
  const loadEnd = AbortSignal.any([signal, AbortSignal.timeout(options.durationMs ?? LOAD_MS_MAX)]);
  const asking = load.ask(loadEnd);
  const strikesEnd = new AbortController();
  const striking = strike({
    stage,
    witness,
    journal: strikeLog,
    random: given.random.fork(),
    count: options.killCount,
    untilDue: createPace(options, load, strikesEnd.signal),
    cancelOne: load.cancelOne,
    leaseMs: options.leaseSeconds * 1_000,
    failoverMs: options.failoverSeconds * 1_000,
    signal: AbortSignal.any([loadEnd, strikesEnd.signal]),
    onStrike: ({ n, kind, target, aim }) => tell(`strike ${n}: ${kind} ${target} (aimed at ${aim})`),
  });
  // Nothing is proven by striking an idle service.
  void asking.then(() => strikesEnd.abort());
  const strikes = await striking;
  await asking;
  const loadMs = performance.now() - startedMs;
  tell(`Healed. Waiting until everything has ended, ${options.quietWithinMs / 1_000} s at the most.`);
  const open = await waitForQuiet(witness, { timeoutMs: options.quietWithinMs, signal });
  const quietMs = performance.now() - startedMs - loadMs;
  await load.finish(over);
  return { ...(await judge(given, witness)), options, folder, strikes, open, loadMs, quietMs };
}

/** Spreads the strikes over the time of the run, or over its jobs when no time is given. */
function createPace({ durationMs, jobCount, killCount }: ChaosOptions, load: Load, end: AbortSignal) {
  const startedMs = performance.now();
  const progress = () =>
    durationMs === undefined ? load.count / jobCount : (performance.now() - startedMs) / durationMs;
  return async (n: number) => {
    while (progress() < n / (killCount + 1) && !end.aborted) await sleep(LOOK_EVERY_MS);
  };
}

async function judge({ options, folder, stage, tell }: Play, witness: Witness) {
  const exits = await stage.stopServers();
  if (options.injection !== undefined)
    tell(`Injected: ${options.injection}, to job ${await inject(options.injection, stage, witness)}.`);
  const evidence: Evidence = {
    client: readClient(join(folder, "client.jsonl")),
    renders: stage.emulators.flatMap(({ name, renderLog }) => readRenders(renderLog, name)),
    webhooks: readWebhooks(stage.receiverLog),
    strikes: readStrikes(join(folder, "strikes.jsonl")),
    database: await witness.dump(),
  };
  await writeFile(join(folder, "database.json"), JSON.stringify(evidence.database, undefined, 1));
  return {
    audit: audit(evidence),
    gaveUp: evidence.client.filter(({ event }) => event === "gave_up").length,
    deaths: Object.fromEntries(
      stage.actors
        .filter(({ target }) => target.deathCount > 0)
        .map(({ target }) => [target.name, target.deathCount] as const),
    ),
    badExits: exits.filter(({ code }) => code !== 0).map(({ name, code }) => `${name} (${code ?? "killed"})`),
  };
}
