import type {
  AttemptRow,
  ClientRecord,
  Evidence,
  JobRow,
  RenderRecord,
  StrikeRecord,
  UsageRow,
  WebhookRecord,
} from "../src/evidence/records.ts";

/** Everything that a job leaves behind; tests change a copy of it. */
export interface Traces {
  client: ClientRecord[];
  renders: RenderRecord[];
  webhooks: WebhookRecord[];
  strikes: StrikeRecord[];
  jobs: JobRow[];
  attempts: AttemptRow[];
  usage: UsageRow[];
  owners: { owner_id: string; active: number }[];
}

export const toEvidence = ({ jobs, attempts, usage, owners, ...logs }: Traces): Evidence => ({
  ...logs,
  database: { jobs, attempts, usage, owners },
});

export const attemptOf = (n: number, changes: Partial<AttemptRow> = {}): AttemptRow => ({
  id: `prompt-${n}`,
  job_id: "job-1",
  n,
  backend_id: "emulator-1",
  state: "done",
  cause: null,
  created_at: n * 10_000 - 500,
  running_at: n * 10_000,
  ended_at: n * 10_000 + 2_000,
  ...changes,
});

export const renderOf = (promptId: string, event: RenderRecord["event"], at: number): RenderRecord => ({
  event,
  at,
  backend: "emulator-1",
  promptId,
  jobId: "job-1",
  ...(event === "finished" && { status: "execution_success" }),
});

export const strikeOf = (changes: Partial<StrikeRecord>): StrikeRecord => ({
  n: 1,
  kind: "kill",
  process: "emulator",
  target: "emulator-1",
  at: 11_000,
  healedAt: 12_000,
  aim: "running",
  states: { running: 1 },
  ...changes,
});

export const webhookOf = (changes: Partial<WebhookRecord> = {}): WebhookRecord => ({
  at: 12_100,
  webhookId: "webhook-1",
  jobId: "job-1",
  status: "complete",
  ...changes,
});

/** One job that was accepted, rendered once, announced and booked. */
export function tracesOfOneJob(): Traces {
  return {
    client: [
      { event: "accepted", at: 9_000, jobId: "job-1", key: "key-1", form: "async" },
      { event: "ended", at: 12_200, jobId: "job-1", status: "complete" },
    ],
    renders: [renderOf("prompt-1", "accepted", 10_100), renderOf("prompt-1", "finished", 11_500)],
    webhooks: [webhookOf()],
    strikes: [],
    jobs: [
      {
        id: "job-1",
        owner_id: "owner-1",
        state: "complete",
        failure_code: null,
        callback_url: "http://127.0.0.1/callback",
        created_at: 9_000,
        completed_at: 12_000,
        lease_holder: null,
        holds_slot: false,
        assets: 1,
      },
    ],
    attempts: [attemptOf(1)],
    usage: [{ job_id: "job-1", state: "complete", attempts: 1, worked_ms: 2_000 }],
    owners: [{ owner_id: "owner-1", active: 0 }],
  };
}

/** The same job, whose first attempt was lost to `cause` and whose second one won. */
export function tracesOfSecondAttempt(cause: string | null): Traces {
  const traces = tracesOfOneJob();
  return {
    ...traces,
    renders: [
      renderOf("prompt-1", "accepted", 10_100),
      renderOf("prompt-2", "accepted", 20_100),
      renderOf("prompt-2", "finished", 21_500),
    ],
    jobs: traces.jobs.map((job) => ({ ...job, completed_at: 22_000 })),
    attempts: [attemptOf(1, { state: "lost", cause, ended_at: 19_000 }), attemptOf(2)],
    usage: [{ job_id: "job-1", state: "complete", attempts: 2, worked_ms: 2_000 }],
  };
}
