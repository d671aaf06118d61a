import type { AttemptRow, ClientRecord, DatabaseDump, JobRow } from "../evidence/records.ts";
import type { Fault } from "./fault.ts";

/** What the service promises at most: three attempts, and no third backend for a job that two died of. */
const ATTEMPTS_MAX = 3;
const DEATHS_MAX = 2;

/** Every graph here renders, so a job ends without a result only when its customer or its backends wanted it so. */
export function checkFailures(
  client: readonly ClientRecord[],
  { jobs, attempts }: Pick<DatabaseDump, "jobs" | "attempts">,
): Fault[] {
  const asked = new Set(client.flatMap((record) => (record.event === "cancel_asked" ? [record.jobId] : [])));
  const attemptsOf = Map.groupBy(attempts, ({ job_id }) => job_id);
  return jobs.flatMap((job) => {
    const sentence = judge(job, attemptsOf.get(job.id) ?? [], asked);
    return sentence === undefined ? [] : [{ rule: "failures" as const, sentence }];
  });
}

function judge(job: JobRow, own: readonly AttemptRow[], asked: ReadonlySet<string>): string | undefined {
  const { id, state, failure_code: code } = job;
  if (state === "cancelled" && !asked.has(id)) return `Job ${id} is cancelled, but nobody asked for that.`;
  if (state === "expired") return `Job ${id} is expired, long before its deadline.`;
  if (state !== "failed") return undefined;
  const deaths = own.filter(({ cause }) => cause === "backend_died").length;
  const isSpent = own.length >= ATTEMPTS_MAX || deaths >= DEATHS_MAX;
  if (code === "backend_crashed" && isSpent) return undefined;
  return `Job ${id} failed with ${code} after ${own.length} attempts, which nothing that was struck excuses.`;
}
