import { describe, expect, test } from "vitest";
import { audit } from "../src/audit/audit.ts";
import {
  attemptOf,
  renderOf,
  strikeOf,
  type Traces,
  toEvidence,
  tracesOfOneJob,
  tracesOfSecondAttempt,
  webhookOf,
} from "./evidence.ts";

const faultsOf = (traces: Traces) => audit(toEvidence(traces)).faults.map(({ sentence }) => sentence);

/** The faults after one thing is changed about a job that has none. */
function faultsAfter(change: (traces: Traces) => Partial<Traces>): string[] {
  const traces = tracesOfOneJob();
  return faultsOf({ ...traces, ...change(traces) });
}

const withJob = (change: Partial<Traces["jobs"][number]>) => (traces: Traces) => ({
  jobs: traces.jobs.map((job) => ({ ...job, ...change })),
});

test("a job that was accepted, rendered once, announced and booked is no fault", () => {
  expect(faultsAfter(() => ({}))).toEqual([]);
});

describe("what callers were promised", () => {
  test("an accepted job that the database does not know is a loss", () => {
    expect(faultsAfter(() => ({ jobs: [], attempts: [], usage: [], renders: [], webhooks: [] }))).toEqual([
      "Job job-1 was accepted, but the database does not know it.",
    ]);
  });

  test("a job that pollers are told not to exist is a loss", () => {
    const faults = faultsAfter(({ client }) => ({ client: [...client, { event: "unknown", at: 1, jobId: "job-1" }] }));
    expect(faults).toEqual([expect.stringContaining("Job job-1 was accepted, but a poller was told")]);
  });

  test("a job that nobody holds and that has not ended is stuck, accepted or not", () => {
    const faults = faultsAfter((traces) => ({
      ...withJob({ state: "running", completed_at: null })(traces),
      client: [],
      usage: [],
      webhooks: [],
    }));
    expect(faults).toEqual(["Job job-1 is stuck: it is running (held by nobody)."]);
  });

  test("one key never makes two jobs", () => {
    const faults = faultsAfter(({ client, jobs, attempts }) => ({
      client: [
        ...client,
        { event: "accepted", at: 9_100, jobId: "job-2", key: "key-1", form: "async" },
        { event: "cancel_asked", at: 9_200, jobId: "job-2" },
      ],
      jobs: [...jobs, { ...jobs[0], id: "job-2", state: "cancelled", callback_url: null } as Traces["jobs"][number]],
      attempts,
      usage: [
        { job_id: "job-1", state: "complete", attempts: 1 },
        { job_id: "job-2", state: "cancelled", attempts: 0 },
      ],
    }));
    expect(faults).toEqual(["The key key-1 made 2 jobs: job-1, job-2."]);
  });

  test("callers and the database agree on how a job ended", () => {
    const faults = faultsAfter(({ client }) => ({
      client: [...client, { event: "ended", at: 12_300, jobId: "job-1", status: "failed" }],
    }));
    expect(faults).toEqual(["Job job-1 was told to be failed, but the database says complete."]);
  });

  test("an expired job is told as a failed one, and does not expire by being struck", () => {
    const faults = faultsAfter(() => ({
      client: [{ event: "ended", at: 12_300, jobId: "job-1", status: "failed" }],
      webhooks: [webhookOf({ status: "failed" })],
      ...withJob({ state: "expired" })(tracesOfOneJob()),
      usage: [{ job_id: "job-1", state: "expired", attempts: 1 }],
    }));
    expect(faults).toEqual(["Job job-1 is expired, long before its deadline."]);
  });
});

describe("what backends saw", () => {
  test("an attempt that is submitted twice is a fault, whatever was struck", () => {
    const faults = faultsAfter(({ renders }) => ({
      renders: [...renders, renderOf("prompt-1", "accepted", 10_200)],
      strikes: [strikeOf({})],
    }));
    expect(faults).toEqual(["Job job-1: attempt prompt-1 was submitted 2 times (emulator-1, emulator-1)."]);
  });

  test("a prompt that no attempt explains is a fault", () => {
    const faults = faultsAfter(({ renders }) => ({ renders: [...renders, renderOf("stray", "accepted", 13_000)] }));
    expect(faults).toEqual([
      "Job job-1 was submitted to emulator-1 as stray, which no attempt in the database explains.",
    ]);
  });

  test("a job is complete only by a render that a backend has finished", () => {
    expect(faultsAfter(({ renders }) => ({ renders: renders.slice(0, 1) }))).toEqual([
      "Job job-1 is complete by attempt prompt-1, which no backend has rendered.",
    ]);
  });

  test("a second attempt after its backend was killed is counted and explained", () => {
    const { faults, repeats } = audit(
      toEvidence({ ...tracesOfSecondAttempt("backend_died"), strikes: [strikeOf({})] }),
    );
    expect(faults).toEqual([]);
    expect(repeats).toEqual([
      {
        jobId: "job-1",
        promptId: "prompt-2",
        cause: "backend_died",
        strikes: ["strike 1 (kill emulator-1)"],
        isRenderedTwice: false,
      },
    ]);
  });

  test.for([
    { cause: "backend_died", strikes: [] },
    { cause: "backend_died", strikes: [strikeOf({ kind: "freeze" })] },
    { cause: "backend_died", strikes: [strikeOf({ target: "emulator-2" })] },
    { cause: "backend_died", strikes: [strikeOf({ at: 60_000, healedAt: 61_000 })] },
    { cause: "unreachable", strikes: [strikeOf({ process: "receiver", target: "receiver" })] },
    { cause: "out_of_memory", strikes: [strikeOf({})] },
    { cause: null, strikes: [] },
  ])("a second attempt with the cause $cause that no strike fits is a fault (%#)", ({ cause, strikes }) => {
    expect(faultsOf({ ...tracesOfSecondAttempt(cause), strikes })).toEqual([
      expect.stringContaining("Job job-1: attempt 2 followed attempt 1"),
    ]);
  });

  test.for([
    { cause: "unreachable", strike: { kind: "blackhole", target: "all-emulator-1" } },
    { cause: "unreachable", strike: { kind: "freeze", process: "worker", target: "worker-1" } },
    { cause: "never_arrived", strike: { kind: "kill", process: "worker", target: "worker-1" } },
    { cause: "output_gone", strike: { kind: "restart" } },
  ] as const)("$cause is explained by $strike.kind $strike.target", ({ cause, strike }) => {
    expect(faultsOf({ ...tracesOfSecondAttempt(cause), strikes: [strikeOf(strike)] })).toEqual([]);
  });

  test("a render that is done twice is told apart from one that was only begun twice", () => {
    const traces = tracesOfSecondAttempt("unreachable");
    const renders = [...traces.renders, renderOf("prompt-1", "finished", 20_000)];
    const strikes = [strikeOf({ kind: "blackhole" })];
    expect(audit(toEvidence({ ...traces, renders, strikes })).repeats).toMatchObject([{ isRenderedTwice: true }]);
  });

  test.for([
    { cause: "never_arrived", strike: { kind: "kill", process: "worker", target: "worker-1" }, isFault: true },
    { cause: "vanished", strike: { kind: "cut", target: "all-emulator-1" }, isFault: true },
    { cause: "never_arrived", strike: { kind: "freeze", process: "worker", target: "worker-1" }, isFault: false },
  ] as const)("a render done twice is excused by no cause but those that are unavoidable (%#)", (given) => {
    const traces = tracesOfSecondAttempt(given.cause);
    const renders = [...traces.renders, renderOf("prompt-1", "finished", 20_000)];
    const faults = faultsOf({ ...traces, renders, strikes: [strikeOf(given.strike)] });
    expect(faults).toEqual(given.isFault ? [expect.stringContaining("Job job-1 was rendered twice")] : []);
  });

  test("a prompt that arrives after its job has ended is explained by a frozen owner and by nothing less", () => {
    const late = (traces: Traces) => ({
      renders: [renderOf("prompt-1", "accepted", 15_000), renderOf("prompt-1", "finished", 15_500)],
      strikes: traces.strikes,
    });
    expect(faultsAfter(late)).toEqual([
      "Job job-1: attempt prompt-1 was submitted 3000 ms after it was over, and no strike explains it.",
    ]);
    const strikes = [strikeOf({ kind: "freeze", process: "worker", target: "worker-1" })];
    expect(faultsAfter((traces) => late({ ...traces, strikes }))).toEqual([]);
  });
});

describe("how jobs end that give no result", () => {
  /** Failed, with as many attempts as there are causes, and told so to everybody. */
  function faultsOfFailure(code: string, causes: readonly string[]): string[] {
    const traces = tracesOfOneJob();
    const attempts = causes.map((cause, index) => attemptOf(index + 1, { state: "lost", cause }));
    return faultsOf({
      ...traces,
      ...withJob({ state: "failed", failure_code: code, completed_at: 90_000 })(traces),
      client: [],
      attempts,
      renders: [],
      webhooks: [webhookOf({ status: "failed" })],
      usage: [{ job_id: "job-1", state: "failed", attempts: causes.length }],
      strikes: [strikeOf({ healedAt: 80_000 })],
    });
  }

  test("two dead backends or three lost attempts excuse a failure", () => {
    expect(faultsOfFailure("backend_crashed", ["backend_died", "backend_died"])).toEqual([]);
    expect(faultsOfFailure("backend_crashed", ["vanished", "unreachable", "output_gone"])).toEqual([]);
  });

  test.for([
    { code: "internal_error", causes: [] },
    { code: "backend_crashed", causes: ["backend_died"] },
    { code: "generation_failed", causes: ["backend_died", "backend_died"] },
  ])("$code after $causes is no fate but a fault", ({ code, causes }) => {
    expect(faultsOfFailure(code, causes)).toEqual([
      `Job job-1 failed with ${code} after ${causes.length} attempts, which nothing that was struck excuses.`,
    ]);
  });

  test("a job is cancelled only by somebody who asks", () => {
    const cancelled = (traces: Traces) => ({
      ...withJob({ state: "cancelled", failure_code: "cancelled" })(traces),
      client: [],
      webhooks: [webhookOf({ status: "failed" })],
      usage: [{ job_id: "job-1", state: "cancelled", attempts: 1 }],
    });
    expect(faultsAfter(cancelled)).toEqual(["Job job-1 is cancelled, but nobody asked for that."]);
    const asked = { client: [{ event: "cancel_asked" as const, at: 10_000, jobId: "job-1" }] };
    expect(faultsAfter((traces) => ({ ...cancelled(traces), ...asked }))).toEqual([]);
  });
});
