import type { ErrorCode, JobProgress, JobState, Kind } from "@comfy/contracts";
import type { Plan } from "@comfy/workflows";
import type { Asset } from "../assets/asset.ts";

/** Why a job ended without a result. */
export interface JobFailure {
  readonly code: ErrorCode;
  /** A sentence for the caller. */
  readonly message: string;
  /** For a node that raised: its id, class and exception. */
  readonly details?: unknown;
}

/** What a finished job reports besides its assets. */
export interface JobSummary {
  /** The public word of the model that rendered. */
  readonly model: string;
  /** The words the model was given, for pictures. */
  readonly prompt?: string;
}

/** What a caller asked for, as the database knows it. */
export interface Job {
  readonly id: string;
  readonly ownerId: string;
  readonly keyId: string;
  readonly kind: Kind;
  readonly state: JobState;
  readonly plan: Plan;
  readonly seed: number;
  readonly isUploadedToCloud: boolean;
  readonly callbackUrl?: string;
  /** The request that made it: joins log lines. */
  readonly requestId: string;
  /** False when it was made with an idempotency key: then a lost connection never cancels it. */
  readonly isAbandonable: boolean;
  readonly isCancelRequested: boolean;
  readonly createdAtMs: number;
  readonly startedAtMs?: number;
  readonly completedAtMs?: number;
  readonly deadlineAtMs: number;
  /** Last progress that was written; the event bus is ahead of it. */
  readonly progress?: JobProgress;
  /** With state `complete`. */
  readonly summary?: JobSummary;
  /** With state `complete`: first output first. */
  readonly outputs: readonly Asset[];
  /** With states `failed`, `expired` and `cancelled`. */
  readonly failure?: JobFailure;
}

/** One dispatch of a job to a backend. Its id is the prompt id on that backend. */
export interface Attempt {
  readonly id: string;
  readonly jobId: string;
  readonly n: number;
  readonly backendId: string;
  readonly backendEpoch: string;
  readonly state: "intended" | "sent" | "acked" | "done" | "lost" | "superseded";
  readonly summary: JobSummary;
  readonly outputNodes: readonly string[];
}

/** The right to work on a job. Everything written under it is refused once another holder has taken over. */
export interface Lease {
  readonly jobId: string;
  readonly epoch: number;
}
