import { expect, test } from "vitest";
import { createManualClock } from "../../test/manual-clock.ts";
import { sampleJob } from "../../test/sample-job.ts";
import { silentLog } from "../log.ts";
import { createMemoryEventBus } from "./event-bus-memory.ts";
import type { Attempt } from "./job.ts";
import type { ClaimedJob, JobStore } from "./job-store.ts";
import { createRunJob } from "./run-job.ts";

const clock = createManualClock();
const attempt: Attempt = {
  id: "attempt",
  jobId: "job",
  n: 1,
  backendId: "comfyui-gone",
  backendEpoch: "boot",
  state: "acked",
  summary: { model: "flux-schnell" },
  outputNodes: [],
};
const claimed: ClaimedJob = {
  lease: { jobId: "job", epoch: 2 },
  liveAttempt: attempt,
  inputs: {},
  job: sampleJob({ createdAtMs: clock.nowMs(), deadlineAtMs: clock.nowMs() + 3_600_000 }),
};

/** A worker whose configuration names no backend that the attempt could be on; what it does is written down. */
function setUp() {
  const done: string[] = [];
  const unused = (): never => {
    throw new Error("not expected here");
  };
  const jobs: JobStore = {
    accept: unused,
    find: unused,
    findMany: unused,
    claim: unused,
    renew: unused,
    beginAttempt: unused,
    pinInput: unused,
    setState: unused,
    saveProgress: unused,
    requestCancel: unused,
    finish: unused,
    releaseLeases: unused,
    findOverdue: unused,
    isCancelRequested: async () => false,
    postpone: async (_, { reason }) => done.push(`put off: ${reason}`) > 0,
    markAttempt: async (_, id, state) => void done.push(`${id} is ${state}`),
  };
  const runJob = createRunJob({
    jobs,
    clock,
    log: silentLog,
    events: createMemoryEventBus(),
    finishJob: unused,
    findBackend: () => undefined,
    storeOutputs: unused,
    pinInputs: async () => ({}),
    dispatchJob: async () => {
      done.push("dispatched");
      return { type: "lease_lost" };
    },
  });
  return { done, run: () => runJob(claimed, new AbortController().signal) };
}

test("an attempt on a backend that left the configuration is waited for two minutes, then made anew elsewhere", async () => {
  const { done, run } = setUp();
  await run();
  clock.advance(119_000);
  await run();
  expect(done).toEqual(Array(2).fill("put off: Its backend comfyui-gone is not configured any more."));
  clock.advance(1_000);
  await run();
  expect(done.slice(2)).toEqual(["attempt is lost", "dispatched"]);
});
