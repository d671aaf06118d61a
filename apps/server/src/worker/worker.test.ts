import { expect, onTestFinished, test } from "vitest";
import { createManualClock } from "../../test/manual-clock.ts";
import { sampleJob } from "../../test/sample-job.ts";
import type { Claim, ClaimedJob } from "../jobs/job-store.ts";
import type { RunHooks } from "../jobs/run.ts";
import { silentLog } from "../log.ts";
import { createWorker } from "./worker.ts";

let count = 0;
const waitingJob = (): ClaimedJob => {
  const id = `job-${++count}`;
  return { job: sampleJob({ id }), lease: { jobId: id, epoch: 1 }, pastAttempts: [], inputs: {} };
};

interface Running {
  readonly claimed: ClaimedJob;
  readonly hooks: RunHooks;
  end(): void;
}

/** A worker with one backend of its own; a test says how much room there is, and what its runs do. */
async function startWorker({ configured = ["a"] } = {}) {
  const state = {
    room: { free: 1, ahead: 0 },
    waiting: [] as ClaimedJob[],
    inheritable: [] as ClaimedJob[],
    claims: [] as Claim[],
    runs: [] as Running[],
    renewals: 0,
    lost: new Set<string>(),
    woken: 0,
  };
  const clock = createManualClock();
  const worker = createWorker({
    jobs: {
      async claim(claim) {
        if (!claim.isInheritance) state.claims.push(claim);
        return (claim.isInheritance ? state.inheritable : state.waiting).splice(0, claim.count);
      },
      async renew(leases) {
        state.renewals += 1;
        return leases.filter(({ jobId }) => !state.lost.has(jobId));
      },
      releaseLeases: async () => 0,
      wakePostponed: async () => ++state.woken,
    },
    runJob: (claimed, hooks) =>
      new Promise((end) => {
        state.runs.push({ claimed, hooks, end });
        hooks.detach.addEventListener("abort", () => end());
      }),
    pool: { room: () => state.room, slotCount: 1 },
    ownership: { owned: () => ["a"] },
    configured,
    clock,
    log: silentLog,
    holder: "me",
    leaseMs: 300,
    isAlone: false,
    onIdle: () => {},
  });
  onTestFinished(async () => worker.stop?.());
  await worker.start?.(AbortSignal.timeout(5_000));
  const queue = (jobs: number) => {
    state.waiting.push(...Array.from({ length: jobs }, waitingJob));
    worker.knock();
  };
  return { worker, state, queue, clock };
}

type Started = Awaited<ReturnType<typeof startWorker>>;
const runAt = ({ state }: Started, index: number): Running => {
  const run = state.runs[index];
  if (run === undefined) throw new Error(`There is no run ${index}.`);
  return run;
};

test("no more jobs are taken than there are places: what waits is there for any process", async () => {
  const started = await startWorker();
  started.queue(5);
  await expect.poll(() => started.state.runs.length).toBe(1);
  started.worker.knock();
  started.worker.knock();
  await expect.poll(() => started.state.waiting.length).toBe(4);
  expect(started.state.runs).toHaveLength(1);
});

test("two collects that hang keep no other job from being taken", async () => {
  const started = await startWorker();
  started.queue(3);
  for (const index of [0, 1]) {
    await expect.poll(() => started.state.runs.length).toBe(index + 1);
    const { hooks } = runAt(started, index);
    hooks.onPhase("rendering", "a");
    hooks.onPhase("collecting");
  }
  await expect.poll(() => started.state.runs.length).toBe(3);
});

test("one prompt is kept behind the running one when there is no other backend", async () => {
  const started = await startWorker();
  started.queue(2);
  await expect.poll(() => started.state.runs.length).toBe(1);
  started.state.room = { free: 0, ahead: 1 };
  runAt(started, 0).hooks.onPhase("rendering", "a");
  await expect.poll(() => started.state.runs.length).toBe(2);
});

test("with other backends about, a place behind a render is filled when that one is nearly done, not before", async () => {
  const started = await startWorker({ configured: ["a", "b"] });
  started.queue(1);
  await expect.poll(() => started.state.runs.length).toBe(1);
  started.state.room = { free: 0, ahead: 1 };
  const { hooks } = runAt(started, 0);
  hooks.onPhase("rendering", "a");
  // One look finds nothing more: from here on it is not believed that all backends are busy.
  await expect.poll(() => started.state.claims.length).toBeGreaterThan(1);
  started.queue(1);
  hooks.onHeadway("running");
  await new Promise((resolve) => setImmediate(resolve));
  expect(started.state.runs).toHaveLength(1);
  hooks.onHeadway("nearly_done");
  await expect.poll(() => started.state.runs.length).toBe(2);
});

test("a job that is accepted here is begun without a queue, and its place is not given twice", async () => {
  const started = await startWorker();
  const place = started.worker.reserve("image/x");
  expect(place?.claimant).toMatchObject({ holder: "me" });
  expect(started.worker.reserve("image/x")).toBeUndefined();
  place?.begin(waitingJob());
  await expect.poll(() => started.state.runs.length).toBe(1);
  expect(started.worker.reserve("image/x")).toBeUndefined();
});

test("what no backend here can do is left to others for five seconds, or until a backend changes", async () => {
  const started = await startWorker();
  started.queue(1);
  await expect.poll(() => started.state.runs.length).toBe(1);
  runAt(started, 0).hooks.onUnfit("image/x");
  runAt(started, 0).end();
  await expect.poll(() => started.state.claims.at(-1)?.unfit).toEqual(["image/x"]);
  expect(started.worker.reserve("image/x")).toBeUndefined();
  expect(started.worker.reserve("tts/y")).toBeDefined();
  started.worker.noteChange();
  await expect.poll(() => started.state.woken).toBe(1);
  started.state.room = { free: 2, ahead: 0 };
  expect(started.worker.reserve("image/x")).toBeDefined();
});

test("what an earlier process left on a backend is taken up however full this process is", async () => {
  const started = await startWorker();
  started.state.room = { free: 0, ahead: 0 };
  started.state.inheritable.push(waitingJob(), waitingJob());
  await expect.poll(() => started.state.runs.length, { timeout: 5_000 }).toBe(2);
});

test("a job whose lease was lost is let go of", async () => {
  const started = await startWorker();
  started.queue(1);
  await expect.poll(() => started.state.runs.length).toBe(1);
  const { hooks, claimed } = runAt(started, 0);
  started.state.lost.add(claimed.job.id);
  await expect.poll(() => hooks.detach.aborted).toBe(true);
});

test("draining takes nothing more, lets what runs end and gives the rest back", async () => {
  const started = await startWorker();
  started.queue(1);
  await expect.poll(() => started.state.runs.length).toBe(1);
  started.worker.quiesce?.();
  expect(started.worker.reserve("image/x")).toBeUndefined();
  const drained = started.worker.drain?.(AbortSignal.timeout(5_000));
  await expect.poll(() => runAt(started, 0).hooks.recall.aborted).toBe(true);
  expect(runAt(started, 0).hooks.detach.aborted).toBe(false);
  started.queue(1);
  runAt(started, 0).end();
  await drained;
  expect(started.state.runs).toHaveLength(1);
});
