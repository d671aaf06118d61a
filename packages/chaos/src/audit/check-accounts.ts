import type { DatabaseDump, JobRow } from "../evidence/records.ts";
import { type Fault, isTerminal } from "./fault.ts";

const ROUNDING_MS = 2;

/** What is booked: one usage row per ended job, which charges for the attempt that won, and a count of running jobs that equals the rows. */
export function checkAccounts({ jobs, attempts, usage, owners }: DatabaseDump): Fault[] {
  const usageOf = Map.groupBy(usage, ({ job_id }) => job_id);
  const attemptsOf = Map.groupBy(attempts, ({ job_id }) => job_id);
  return [
    ...jobs.filter(({ state }) => isTerminal(state)).flatMap((job) => checkUsage(job)),
    ...[...usageOf.keys()]
      .filter((id) => !jobs.some((job) => job.id === id))
      .map((id) => fault("usage", `Job ${id} has a usage row, but the database does not know the job.`)),
    ...owners.flatMap(({ owner_id, active }) => checkOwner(owner_id, active)),
    ...jobs.flatMap((job) => checkRow(job)),
  ];

  function checkUsage({ id, state, completed_at }: JobRow): Fault[] {
    const rows = usageOf.get(id) ?? [];
    const [row] = rows;
    if (row === undefined || rows.length > 1)
      return [fault("usage", `Job ${id} is ${state} and has ${rows.length} usage rows: expected one.`)];
    if (row.state !== state) return [fault("usage", `Job ${id} is ${state}, but its usage row says ${row.state}.`)];
    const count = attemptsOf.get(id)?.length ?? 0;
    if (row.attempts !== count)
      return [fault("usage", `Job ${id} made ${count} attempts, but its usage row says ${row.attempts}.`)];
    const won = attemptsOf.get(id)?.find((attempt) => attempt.state === "done");
    if (state !== "complete" || won === undefined || row.worked_ms === undefined) return [];
    // From when it ran until it was rendered; what nobody saw run is not charged.
    const until = won.rendered_at ?? completed_at ?? 0;
    const tookMs = typeof won.running_at === "number" ? Math.max(0, until - won.running_at) : 0;
    if (Math.abs(row.worked_ms - tookMs) <= ROUNDING_MS) return [];
    const words = `took ${Math.round(tookMs)} ms, but ${Math.round(row.worked_ms)} ms are charged`;
    return [fault("usage", `The attempt that won job ${id} ${words}.`)];
  }

  function checkOwner(ownerId: string, active: number): Fault[] {
    const held = jobs.filter((job) => job.owner_id === ownerId && job.holds_slot).length;
    if (active === held) return [];
    return [fault("slots", `Owner ${ownerId} is counted with ${active} running jobs, but ${held} hold a slot.`)];
  }

  function checkRow({ id, state, assets, lease_holder, holds_slot }: JobRow): Fault[] {
    if (!isTerminal(state)) return [];
    const own = attemptsOf.get(id) ?? [];
    const live = own.filter((attempt) => ["intended", "sent", "acked"].includes(attempt.state));
    const won = own.filter((attempt) => attempt.state === "done");
    const wrong: string[] = [];
    if (live.length > 0) wrong.push(`attempt ${live[0]?.id} is still live`);
    if (state === "complete" && won.length !== 1) wrong.push(`${won.length} attempts have won instead of one`);
    if (state === "complete" && assets === 0) wrong.push("it has no output");
    if (lease_holder !== null) wrong.push("it is still leased");
    if (holds_slot) wrong.push("it still holds a slot");
    return wrong.map((what) => fault("endings", `Job ${id} is ${state}, but ${what}.`));
  }
}

const fault = (rule: Fault["rule"], sentence: string): Fault => ({ rule, sentence });
