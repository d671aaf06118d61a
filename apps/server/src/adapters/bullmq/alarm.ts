import type { Log } from "../../log.ts";

const AGAIN_MS = 60_000;

/** Tells of knocks for jobs that the database does not have: at once, then once a minute with their number. */
export function createAlarm(log: Log, nowMs: () => number = () => performance.now()) {
  let silentUntilMs = Number.NEGATIVE_INFINITY;
  let count = 0;
  return {
    raise(knockId: string): void {
      count += 1;
      if (nowMs() < silentUntilMs) return;
      log.error(
        { knockId, count },
        "The queue holds work for a job that this database does not have. It is left alone: was an older state of the database restored, or does another deployment use this queue?",
      );
      silentUntilMs = nowMs() + AGAIN_MS;
      count = 0;
    },
  };
}
