import type { NewAsset } from "../assets/asset.ts";
import type { Clock } from "../clock.ts";
import type { Backend, RenderedFile } from "../generation/backend.ts";
import type { Log } from "../log.ts";
import type { DispatchJob } from "./dispatch-job.ts";
import type { EventBus } from "./event-bus.ts";
import type { FinishJob } from "./finish-job.ts";
import type { ClaimedJob, JobStore } from "./job-store.ts";
import type { PinInputs } from "./pin-inputs.ts";
import type { RunControl } from "./run-control.ts";

export interface RunJobDeps {
  readonly jobs: JobStore;
  readonly events: EventBus;
  readonly finishJob: FinishJob;
  readonly pinInputs: PinInputs;
  readonly dispatchJob: DispatchJob;
  readonly findBackend: (id: string) => Backend | undefined;
  /** Moves what a render made into the store, as streams. */
  readonly storeOutputs: (
    backend: Backend,
    files: readonly RenderedFile[],
    options: { readonly outputNodes: readonly string[]; readonly stem: string; readonly signal: AbortSignal },
  ) => Promise<readonly NewAsset[]>;
  readonly clock: Clock;
  readonly log: Log;
}

/** One worker's time with one job: from the claim until the job has ended, must wait, or is let go. */
export interface Run {
  readonly claimed: ClaimedJob;
  readonly control: RunControl;
  readonly detach: AbortSignal;
  readonly log: Log;
  readonly deps: RunJobDeps;
  /** When a live attempt was first found to be on a backend that is not configured, by attempt. */
  readonly missingSinceMs: Map<string, number>;
}
