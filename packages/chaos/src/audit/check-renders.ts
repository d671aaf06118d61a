import type { AttemptRow, DatabaseDump, JobRow, RenderRecord, StrikeRecord } from "../evidence/records.ts";
import { findDelays, findReasons, mayRenderTwice, toWords } from "./explain.ts";
import type { Fault } from "./fault.ts";

/** A prompt that was sent although the job had been sent before, with what is said and known about why. */
export interface Repeat {
  readonly jobId: string;
  readonly promptId: string;
  readonly cause: string;
  readonly strikes: readonly string[];
  /** Whether the GPU really made the same thing twice. */
  readonly isRenderedTwice: boolean;
}

export interface RenderCheck {
  readonly faults: readonly Fault[];
  readonly repeats: readonly Repeat[];
  /** Prompts that reached a backend. */
  readonly submissions: number;
}

const SUCCESS = "execution_success";
/** Two processes read one clock one after the other. */
const SKEW_MS = 500;

/** What the backends saw against what the service wrote down. */
export function checkRenders(
  renders: readonly RenderRecord[],
  { jobs, attempts }: Pick<DatabaseDump, "jobs" | "attempts">,
  strikes: readonly StrikeRecord[],
): RenderCheck {
  const sent = renders.filter(({ event }) => event === "accepted");
  const succeeded = new Set(
    renders.filter(({ event, status }) => event === "finished" && status === SUCCESS).map(({ promptId }) => promptId),
  );
  const byId = new Map(attempts.map((attempt) => [attempt.id, attempt]));
  const faults: Fault[] = [...checkEachOnce(sent), ...sent.flatMap((record) => checkKnown(record, byId))];
  const repeats: Repeat[] = [];
  const sentOf = new Map(sent.map((record) => [record.promptId, record]));
  const attemptsOf = Map.groupBy(attempts, ({ job_id }) => job_id);

  for (const job of jobs) {
    const own = (attemptsOf.get(job.id) ?? []).toSorted((left, right) => left.n - right.n);
    faults.push(...checkWinner(job, own, succeeded));
    for (const [index, attempt] of own.entries()) {
      const record = sentOf.get(attempt.id);
      if (record !== undefined) faults.push(...checkLate(job, attempt, record, strikes));
      const before = own[index - 1];
      if (before === undefined) continue;
      const span = { from: before.created_at, to: attempt.created_at };
      const reasons = findReasons(before, span, strikes);
      const cause = before.cause ?? "not said";
      if (reasons.length === 0) faults.push(unexplained(job, before, attempt, cause));
      // What never reached a backend was no repeat for anybody.
      if (record === undefined || !own.slice(0, index).some(({ id }) => sentOf.has(id))) continue;
      const isRenderedTwice = succeeded.has(attempt.id) && own.slice(0, index).some(({ id }) => succeeded.has(id));
      if (isRenderedTwice && reasons.length > 0 && !mayRenderTwice(cause, reasons))
        faults.push(fault(`Job ${job.id} was rendered twice, and its cause (${cause}) does not excuse that.`));
      repeats.push({ jobId: job.id, promptId: attempt.id, cause, strikes: reasons.map(toWords), isRenderedTwice });
    }
  }
  return { faults, repeats, submissions: sent.length };
}

function checkEachOnce(sent: readonly RenderRecord[]): Fault[] {
  return [...Map.groupBy(sent, ({ promptId }) => promptId)]
    .filter(([, records]) => records.length > 1)
    .map(([promptId, [first, ...others]]) => {
      const where = [first, ...others].map((record) => record?.backend).join(", ");
      return fault(`Job ${first?.jobId}: attempt ${promptId} was submitted ${others.length + 1} times (${where}).`);
    });
}

function checkKnown({ promptId, jobId, backend }: RenderRecord, byId: ReadonlyMap<string, AttemptRow>): Fault[] {
  if (byId.has(promptId)) return [];
  const whose = jobId === undefined ? "A prompt of nobody" : `Job ${jobId}`;
  return [fault(`${whose} was submitted to ${backend} as ${promptId}, which no attempt in the database explains.`)];
}

function checkWinner(job: JobRow, own: readonly AttemptRow[], succeeded: ReadonlySet<string>): Fault[] {
  if (job.state !== "complete") return [];
  const winner = own.find(({ state }) => state === "done");
  if (winner === undefined || succeeded.has(winner.id)) return [];
  return [fault(`Job ${job.id} is complete by attempt ${winner.id}, which no backend has rendered.`)];
}

/** A prompt that arrived after its attempt was given up, or after its job had ended. */
function checkLate(job: JobRow, attempt: AttemptRow, record: RenderRecord, strikes: readonly StrikeRecord[]): Fault[] {
  const overAt = Math.min(attempt.ended_at ?? Number.POSITIVE_INFINITY, job.completed_at ?? Number.POSITIVE_INFINITY);
  if (record.at <= overAt + SKEW_MS) return [];
  const span = { from: attempt.created_at, to: record.at };
  if (findDelays(record.backend, span, strikes).length > 0) return [];
  const lateMs = Math.round(record.at - overAt);
  return [
    fault(
      `Job ${job.id}: attempt ${attempt.id} was submitted ${lateMs} ms after it was over, and no strike explains it.`,
    ),
  ];
}

function unexplained(job: JobRow, before: AttemptRow, attempt: AttemptRow, cause: string): Fault {
  return fault(
    `Job ${job.id}: attempt ${attempt.n} followed attempt ${before.n} on ${before.backend_id} (cause: ${cause}), and no strike explains it.`,
  );
}

const fault = (sentence: string): Fault => ({ rule: "duplicate", sentence });
