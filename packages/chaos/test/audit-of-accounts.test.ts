import { describe, expect, test } from "vitest";
import { audit } from "../src/audit/audit.ts";
import { attemptOf, type Traces, toEvidence, tracesOfOneJob, webhookOf } from "./evidence.ts";

function faultsAfter(change: (traces: Traces) => Partial<Traces>): string[] {
  const traces = tracesOfOneJob();
  return audit(toEvidence({ ...traces, ...change(traces) })).faults.map(({ sentence }) => sentence);
}

const withJob = (change: Partial<Traces["jobs"][number]>) => (traces: Traces) => ({
  jobs: traces.jobs.map((job) => ({ ...job, ...change })),
});

describe("webhooks", () => {
  test("the same webhook may come as often as it likes", () => {
    expect(faultsAfter(({ webhooks }) => ({ webhooks: [...webhooks, ...webhooks] }))).toEqual([]);
  });

  test("two webhooks for one ending are a fault", () => {
    const faults = faultsAfter(({ webhooks }) => ({ webhooks: [...webhooks, webhookOf({ webhookId: "webhook-2" })] }));
    expect(faults).toEqual(["Job job-1 was announced by 2 different webhooks: webhook-1, webhook-2."]);
  });

  test("a webhook that never came is a fault", () => {
    expect(faultsAfter(() => ({ webhooks: [] }))).toEqual(["Job job-1 is complete, but its webhook never came."]);
  });

  test("a webhook that nobody asked for is a fault", () => {
    expect(faultsAfter(withJob({ callback_url: null }))).toEqual(["Job job-1 asked for none, but a webhook was sent."]);
  });

  test("a webhook tells the ending that the database tells", () => {
    expect(faultsAfter(() => ({ webhooks: [webhookOf({ status: "failed" })] }))).toEqual([
      "Job job-1 is complete, but its webhook said failed.",
    ]);
  });

  test("a webhook of an unknown job and one with a wrong signature are faults", () => {
    const faults = faultsAfter(({ webhooks }) => ({
      webhooks: [...webhooks, webhookOf({ jobId: "job-9" }), webhookOf({ problem: "it does not match." })],
    }));
    expect(faults).toEqual([
      "A webhook of job job-1 was not signed as it must be: it does not match.",
      "A webhook speaks of job job-9, which the database does not know.",
    ]);
  });
});

describe("accounts", () => {
  test.for<{ name: string; usage: Traces["usage"]; sentence: string }>([
    { name: "no row", usage: [], sentence: "Job job-1 is complete and has 0 usage rows: expected one." },
    {
      name: "another state",
      usage: [{ job_id: "job-1", state: "failed", attempts: 1 }],
      sentence: "Job job-1 is complete, but its usage row says failed.",
    },
    {
      name: "other attempts",
      usage: [{ job_id: "job-1", state: "complete", attempts: 2 }],
      sentence: "Job job-1 made 1 attempts, but its usage row says 2.",
    },
    {
      name: "the time of an attempt that came to nothing",
      usage: [{ job_id: "job-1", state: "complete", attempts: 1, worked_ms: 9_000 }],
      sentence: "The attempt that won job job-1 took 2000 ms, but 9000 ms are charged.",
    },
  ])("usage with $name is a fault", ({ usage, sentence }) => {
    expect(faultsAfter(() => ({ usage }))).toEqual([sentence]);
  });

  test("usage of a job that is not there is a fault", () => {
    const usage = [...tracesOfOneJob().usage, { job_id: "job-9", state: "complete", attempts: 1 }];
    expect(faultsAfter(() => ({ usage }))).toEqual([
      "Job job-9 has a usage row, but the database does not know the job.",
    ]);
  });

  test("an owner is counted with exactly the jobs that hold a slot", () => {
    expect(faultsAfter(() => ({ owners: [{ owner_id: "owner-1", active: 1 }] }))).toEqual([
      "Owner owner-1 is counted with 1 running jobs, but 0 hold a slot.",
    ]);
  });

  test("an ended job leaves no live attempt, no lease and no slot, and has its output", () => {
    const faults = faultsAfter((traces) => ({
      ...withJob({ lease_holder: "somebody", holds_slot: true, assets: 0 })(traces),
      attempts: [attemptOf(1), attemptOf(2, { state: "acked", created_at: 10_000 })],
      usage: [{ job_id: "job-1", state: "complete", attempts: 2 }],
      owners: [{ owner_id: "owner-1", active: 1 }],
      strikes: [],
    }));
    expect(faults.filter((sentence) => sentence.startsWith("Job job-1 is complete, but"))).toEqual([
      "Job job-1 is complete, but attempt prompt-2 is still live.",
      "Job job-1 is complete, but it has no output.",
      "Job job-1 is complete, but it is still leased.",
      "Job job-1 is complete, but it still holds a slot.",
    ]);
  });
});
