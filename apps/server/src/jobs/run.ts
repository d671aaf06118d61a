import type { NewAsset } from "../assets/asset.ts";
import type { Clock } from "../clock.ts";
import type { Backend, RenderedFile } from "../generation/backend.ts";
import type { AcquiredSlot, BackendPool } from "../generation/backend-pool.ts";
import type { Ownership } from "../generation/ownership.ts";
import type { Log } from "../log.ts";
import type { EventBus } from "./event-bus.ts";
import type { FinishJob } from "./finish-job.ts";
import type { Attempt, PastAttempt } from "./job.ts";
import type { ClaimedJob, JobStore } from "./job-store.ts";
import type { PinInputs, PinnedInputs } from "./pin-inputs.ts";
import type { RenderMeter } from "./render-meter.ts";
import type { RunControl } from "./run-control.ts";

export interface RunJobDeps {
  readonly jobs: Pick<
    JobStore,
    | "beginAttempt"
    | "markAttempt"
    | "noteRender"
    | "postpone"
    | "renew"
    | "setState"
    | "saveProgress"
    | "isCancelRequested"
  >;
  readonly events: EventBus;
  readonly finishJob: FinishJob;
  readonly pinInputs: PinInputs;
  readonly pool: Pick<BackendPool, "acquire" | "find" | "occupy">;
  readonly ownership: Pick<Ownership, "lease">;
  readonly stageInputs: (
    backend: Backend,
    inputs: PinnedInputs,
    signal: AbortSignal,
  ) => Promise<Readonly<Record<string, string>>>;
  /** Moves what a render made into the store, as streams. */
  readonly storeOutputs: (
    backend: Backend,
    files: readonly RenderedFile[],
    options: {
      readonly outputNodes: readonly string[];
      readonly stem: string;
      /** They may not leave this machine. */
      readonly isLocal: boolean;
      readonly signal: AbortSignal;
      /** Ends the waits for a store that does not take them. */
      readonly patience: AbortSignal;
    },
  ) => Promise<readonly NewAsset[]>;
  readonly clock: Clock;
  readonly log: Log;
  /** Names this deployment in what a shared backend shows. */
  readonly deploymentId: string;
  /** How long a backend that left the configuration is waited for. */
  readonly failoverMs: number;
}

/** `preparing`: not on a backend yet. `rendering`: sent, perhaps behind another. `collecting`: the GPU is done with it. */
export type RunPhase = "preparing" | "rendering" | "collecting";

/** What the worker and a run of its tell each other. */
export interface RunHooks {
  /** Aborts when the run is to be let go at once: its prompt goes on, and the next worker takes it up. */
  readonly detach: AbortSignal;
  /** Aborts when the process drains: what has not begun to run is given back. */
  readonly recall: AbortSignal;
  readonly onPhase: (phase: RunPhase, backendId?: string) => void;
  /** The render begins, or will end soon: a place behind it is worth filling. */
  readonly onHeadway: (headway: "running" | "nearly_done") => void;
  /** No backend of this process can do what the job needs now. */
  readonly onUnfit: (needs: string) => void;
}

/** One worker's time with one job: from the claim until the job has ended, must wait, or is let go. */
export interface Run {
  readonly claimed: ClaimedJob;
  readonly control: RunControl;
  readonly hooks: RunHooks;
  readonly log: Log;
  readonly deps: RunJobDeps;
  /** Attempts that are over, those of earlier workers included. */
  readonly past: PastAttempt[];
  /** The attempt that is, or may be, on a backend now. */
  live: Attempt | undefined;
  /** Of the attempt that was followed last. */
  meter: RenderMeter | undefined;
  /** When a live attempt was first found to be on a backend that is not configured, by attempt. */
  readonly missingSinceMs: Map<string, number>;
}

/** What a run does next. */
export type Next =
  | { readonly type: "over" }
  /** Another attempt; not on one of `avoid` unless no other could ever do it. */
  | { readonly type: "dispatch"; readonly avoid: readonly string[]; readonly slot?: AcquiredSlot }
  | { readonly type: "resume"; readonly attempt: Attempt; readonly slot?: AcquiredSlot };

export const over: Next = { type: "over" };
