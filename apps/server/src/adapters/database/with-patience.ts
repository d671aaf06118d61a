import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "../../errors.ts";

const PATIENCE_MS = 20_000;
const PAUSE_MS = 500;

/**
 * Reads again while the database cannot be reached: a restart or failover takes seconds, and whoever polls a job should not see it. For
 * reads alone, which may be repeated.
 */
export async function withPatience<T>(read: () => Promise<T>, patienceMs = PATIENCE_MS): Promise<T> {
  const deadlineMs = performance.now() + patienceMs;
  for (;;) {
    try {
      return await read();
    } catch (error) {
      const isBlip = error instanceof AppError && error.code === "unavailable";
      if (!isBlip || performance.now() + PAUSE_MS > deadlineMs) throw error;
      await sleep(PAUSE_MS);
    }
  }
}
