import { AppError } from "../../src/errors.ts";
import type { Backend, RenderOutcome } from "../../src/generation/backend.ts";
import type { AcquiredSlot, NoSlot } from "../../src/generation/backend-pool.ts";
import type { OwnedLease } from "../../src/generation/ownership.ts";
import { createMemoryEventBus } from "../../src/jobs/event-bus-memory.ts";
import type { Attempt } from "../../src/jobs/job.ts";
import type { ClaimedJob } from "../../src/jobs/job-store.ts";
import type { RenderSpan } from "../../src/jobs/render-meter.ts";
import type { RunHooks, RunJobDeps } from "../../src/jobs/run.ts";
import { createRunJob } from "../../src/jobs/run-job.ts";
import { silentLog } from "../../src/log.ts";
import { capable, plan } from "../generation/pretended-pool.ts";
import { createManualClock } from "../manual-clock.ts";
import { sampleJob } from "../sample-job.ts";

type RenderOptions = Parameters<Backend["render"]>[0];
export type Script = (options: RenderOptions) => RenderOutcome | Promise<RenderOutcome>;

export const attempt = (changes: Partial<Attempt> = {}): Attempt => ({
  id: "attempt-0",
  jobId: "job",
  n: 1,
  backendId: "a",
  backendEpoch: "boot",
  state: "acked",
  summary: { model: "flux-schnell" },
  outputNodes: [],
  ...changes,
});

export interface RunSetUp {
  /** What each backend does with the prompts it is sent or resumed, one after the other; the last one for all further. */
  readonly backends: Readonly<Record<string, readonly Script[]>>;
  readonly claimed?: Partial<ClaimedJob>;
  readonly changes?: Partial<RunJobDeps>;
  /** What the pool answers, instead of the first backend that is not to be avoided. */
  readonly acquire?: (avoid: readonly string[], take: (id: string) => AcquiredSlot) => AcquiredSlot | NoSlot;
  readonly isReachable?: (backendId: string) => boolean;
}

/** A run whose backends follow a script and whose database writes down what it is told. */
export function setUpRun({ backends, claimed, changes, acquire, isReachable = () => true }: RunSetUp) {
  const done: string[] = [];
  const spans: RenderSpan[] = [];
  const clock = createManualClock();
  const events = createMemoryEventBus();
  const [detach, recall, lost] = [new AbortController(), new AbortController(), new AbortController()];
  const lease = { current: { holder: "me", epoch: 1, lost: lost.signal } as OwnedLease | undefined };
  let attempts = claimed?.liveAttempt ? 1 : 0;

  const toBackend = ([id, scripts]: [string, readonly Script[]]): Backend => {
    let turn = 0;
    const play = async (options: RenderOptions) => {
      options.assertMaySend?.();
      const script = scripts[Math.min(turn++, scripts.length - 1)];
      return script ? script(options) : { type: "succeeded" as const, files: [] };
    };
    return {
      id,
      slots: 1,
      readInventory: async () => ({}),
      readEpoch: async () => "boot",
      upload: async () => "file",
      async render(options) {
        const outcome = await play(options);
        done.push(`${id} rendered: ${outcome.type}`);
        return outcome;
      },
      async resume(options) {
        const outcome = await play({ ...options, graph: {}, labels: {}, onAccepted: async () => {} });
        done.push(`${id} resumed: ${outcome.type}`);
        return outcome;
      },
      abandon: async () => "settled",
      free: async () => void done.push(`${id} freed`),
      isWorking: () => true,
      open: () => Promise.reject(new AppError("output_unavailable", "none")),
      readStatus: async () => ({ isReachable: isReachable(id), latencyMs: 1 }),
      close: async () => {},
    };
  };
  const made = new Map(Object.entries(backends).map((entry) => [entry[0], toBackend(entry)]));
  const take = (id: string, isAhead = false): AcquiredSlot => {
    const backend = made.get(id);
    if (!backend) throw new Error(`There is no backend ${id}.`);
    const release = () => void done.push(`${id} released`);
    return { type: "slot", backend, inventory: capable, lease: { holder: "me", epoch: 1 }, isAhead, release };
  };
  const first = (avoid: readonly string[]) =>
    take([...made.keys()].find((id) => !avoid.includes(id)) ?? [...made.keys()][0] ?? "");

  const deps: RunJobDeps = {
    jobs: {
      async beginAttempt(_lease, { id, backendId, backendEpoch, summary, outputNodes }) {
        attempts += 1;
        return { ...attempt({ id, n: attempts, backendId, backendEpoch, state: "sent" }), summary, outputNodes };
      },
      markAttempt: async (_lease, _id, state, cause) => {
        done.push(state === "acked" ? "acked" : `${state}: ${cause}`);
      },
      noteRender: async (_lease, span) => void spans.push(span),
      postpone: async (_lease, { reason, delayMs }) => done.push(`postponed by ${delayMs}: ${reason}`) > 0,
      renew: async (leases, leaseMs) => (done.push(`renewed for ${leaseMs}`) > 0 ? leases : leases),
      setState: async (_lease, state) => done.push(`is ${state}`) > 0,
      saveProgress: async () => {},
      isCancelRequested: async () => false,
    },
    events,
    async finishJob({ ending, isRefunded, span }) {
      if (span) spans.push(span);
      const code = ending.state === "complete" ? "" : ` ${ending.failure.code}${isRefunded ? ", refunded" : ""}`;
      done.push(`ended: ${ending.state}${code}`);
      return true;
    },
    pinInputs: async () => ({}),
    pool: {
      find: (id) => made.get(id),
      occupy: (id) => {
        done.push(`${id} occupied`);
        return () => void done.push(`${id} released`);
      },
      async acquire(_plan, { avoid = [], signal, detach: ends }) {
        signal.throwIfAborted();
        if (ends?.aborted) return { type: "none", reason: "detached", message: "drained" };
        return acquire ? acquire(avoid, take) : first(avoid);
      },
    },
    ownership: { lease: () => lease.current },
    stageInputs: async () => ({}),
    storeOutputs: async () => [],
    clock,
    log: silentLog,
    deploymentId: "test",
    failoverMs: 120_000,
    ...changes,
  };
  const unfit: string[] = [];
  const phases: string[] = [];
  const hooks: RunHooks = {
    detach: detach.signal,
    recall: recall.signal,
    onPhase: (phase) => void phases.push(phase),
    onHeadway: () => {},
    onUnfit: (needs) => void unfit.push(needs),
  };
  const job = sampleJob({ plan, createdAtMs: clock.nowMs(), deadlineAtMs: clock.nowMs() + 3_600_000 });
  const runJob = createRunJob(deps);
  const work: ClaimedJob = { job, lease: { jobId: "job", epoch: 2 }, pastAttempts: [], inputs: {}, ...claimed };
  return {
    done,
    spans,
    unfit,
    phases,
    clock,
    events,
    detach,
    recall,
    lost,
    lease,
    take,
    run: () => runJob(work, hooks),
  };
}
