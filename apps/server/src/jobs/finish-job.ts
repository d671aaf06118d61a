import type { Log } from "../log.ts";
import type { EventBus } from "./event-bus.ts";
import type { Finish, JobStore } from "./job-store.ts";
import type { JobWatcher } from "./watch-jobs.ts";

export interface FinishJobDeps {
  readonly jobs: Pick<JobStore, "finish">;
  readonly events: EventBus;
  /** Those who wait for the job in this process get it from here, without a read. */
  readonly watcher: Pick<JobWatcher, "tell">;
  readonly log: Log;
  /** Tells whoever delivers callbacks that one may be due. */
  readonly knockOutbox: () => void;
}

/** False when the job had ended before, or somebody else holds it by now: then nothing was written. */
export type FinishJob = (finish: Finish) => Promise<boolean>;

/** Ends a job, then tells everybody who waits for it. */
export function createFinishJob({ jobs, events, watcher, log, knockOutbox }: FinishJobDeps): FinishJob {
  return async function finishJob(finish) {
    const { jobId, ending } = finish;
    const ended = await jobs.finish(finish);
    if (!ended) {
      log.info({ jobId, state: ending.state }, "An ending was discarded: the job had ended or changed hands.");
      return false;
    }
    const failure = ending.state === "complete" ? {} : { code: ending.failure.code, reason: ending.failure.message };
    log.info({ jobId, state: ending.state, ...failure }, "Job ended.");
    watcher.tell(ended);
    events.publish(jobId, { type: "finished" });
    knockOutbox();
    return true;
  };
}
