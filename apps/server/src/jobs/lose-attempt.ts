import { AppError } from "../errors.ts";
import { failRun, stopRun } from "./end-run.ts";
import type { Attempt, AttemptCause, PastAttempt } from "./job.ts";
import { type Next, over, type Run } from "./run.ts";

const ATTEMPTS_MAX = 3;
/** A job that took this many backends down is given up: it must not go on to the next GPU. */
const DEATHS_MAX = 2;

const isDeath = (cause: AttemptCause | undefined) => cause === "backend_died" || cause === "stalled";

const isLost = ({ state }: PastAttempt) => state === "lost";

/** Where it came to nothing before: another backend is the better choice. */
export function listAvoided({ past }: Pick<Run, "past">): string[] {
  return [...new Set(past.filter(isLost).map(({ backendId }) => backendId))];
}

/** Writes down that an attempt came to nothing, and decides whether there is another one. */
export async function loseAttempt(
  run: Run,
  attempt: Attempt,
  { cause, message }: { readonly cause: AttemptCause; readonly message: string },
): Promise<Next> {
  const { claimed, deps, log, past } = run;
  const { id: attemptId, n, backendId } = attempt;
  log.warn({ attemptId, n, backendId, cause, reason: message }, "An attempt came to nothing.");
  const span = run.meter?.attemptId === attemptId ? run.meter.read() : undefined;
  await deps.jobs.markAttempt(claimed.lease, attemptId, "lost", cause, span);
  past.push({ n, backendId, state: "lost", cause });
  run.live = undefined;
  if (run.control.stopReason !== undefined) {
    await stopRun(run, { isRefunded: true });
    return over;
  }
  // Those that were taken back before they ran count for nothing.
  const lost = past.filter(isLost);
  const deaths = lost.filter((one) => isDeath(one.cause)).length;
  if (deaths < DEATHS_MAX && lost.length < ATTEMPTS_MAX) return { type: "dispatch", avoid: listAvoided(run) };
  const why =
    deaths >= DEATHS_MAX
      ? `Renderers died ${deaths} times while they worked on the job, so it is given to no other`
      : `The job was tried ${lost.length} times and given up`;
  await failRun(run, new AppError("backend_crashed", `${why}. Last: ${message}`), { isRefunded: true });
  return over;
}
