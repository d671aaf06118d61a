import { toAppError } from "../errors.ts";
import type { JobStore, Replay, ReplayRequest } from "./job-store.ts";

/**
 * Prepares a request. One that is refused although it was made before, under the same key, gives what that made: its file may be deleted
 * by now, or its model gone, and the answer of the first time was lost.
 */
export async function prepareOrReplay<Prepared>(
  jobs: Pick<JobStore, "findReplay">,
  request: Omit<ReplayRequest, "idempotency"> & Partial<Pick<ReplayRequest, "idempotency">>,
  prepare: () => Promise<Prepared>,
): Promise<{ readonly type: "prepared"; readonly prepared: Prepared } | Replay> {
  try {
    return { type: "prepared", prepared: await prepare() };
  } catch (error) {
    const { idempotency } = request;
    if (idempotency === undefined || toAppError(error).status >= 500) throw error;
    const replay = await jobs.findReplay({ ...request, idempotency });
    if (replay === undefined) throw error;
    return replay;
  }
}
