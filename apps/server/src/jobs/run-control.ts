import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import type { EventBus, JobNotice } from "./event-bus.ts";
import type { Job } from "./job.ts";
import type { JobStore } from "./job-store.ts";

/** Another process may have written the flag: its notice does not reach us, so the row is read this often. */
const LOOK_EVERY_MS = 2_000;

/** Why a run must stop. */
export type StopReason = "cancelled" | "deadline";

export interface RunControl extends Disposable {
  /** Aborts when the job was cancelled or its deadline has passed. */
  readonly signal: AbortSignal;
  readonly stopReason: StopReason | undefined;
  /** Looks at the cancel flag now: after every step that could have taken long. */
  look(): Promise<void>;
}

export interface RunControlDeps {
  readonly jobs: Pick<JobStore, "isCancelRequested">;
  readonly events: EventBus;
  readonly clock: Clock;
  readonly log: Log;
}

/** Watches the two things that may stop a running job from outside. */
export function createRunControl(job: Job, { jobs, events, clock, log }: RunControlDeps): RunControl {
  const controller = new AbortController();
  let stopReason: StopReason | undefined;

  function stop(reason: StopReason): void {
    if (controller.signal.aborted) return;
    stopReason = reason;
    controller.abort(new Error(`The job is to stop: ${reason}.`));
  }

  async function look(): Promise<void> {
    try {
      if (await jobs.isCancelRequested(job.id)) stop("cancelled");
    } catch (error) {
      log.warn({ jobId: job.id, error }, "Could not read whether the job was cancelled.");
    }
  }

  if (job.isCancelRequested) stop("cancelled");
  const deadline = setTimeout(() => stop("deadline"), Math.max(0, job.deadlineAtMs - clock.nowMs()));
  const looking = setInterval(() => void look(), LOOK_EVERY_MS);
  const hear = (notice: JobNotice) => {
    if (notice.type === "cancel_requested") void look();
  };
  const unsubscribe = events.subscribe(job.id, hear, { isPatient: true });

  return {
    signal: controller.signal,
    get stopReason() {
      return stopReason;
    },
    look,
    [Symbol.dispose]() {
      clearTimeout(deadline);
      clearInterval(looking);
      unsubscribe();
    },
  };
}
