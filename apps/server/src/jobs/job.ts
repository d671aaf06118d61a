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
  /** −100 to 100; higher goes first among the jobs of one owner. Absent: 0. */
  readonly priority?: number;
  /** The caller's own words, as they came. */
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** The job that this one repeats, and the job that repeats this one. */
  readonly retryOf?: string;
  readonly retriedBy?: string;
  readonly batchId?: string;
  /** Why it waits although it was looked at: no backend can take it now. Absent once somebody works on it. */
  readonly waitingReason?: string;
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
  /** Why it came to nothing. */
  readonly cause?: AttemptCause;
}

/** Why an attempt came to nothing. Kept, because a job may take no more than a few backends down with it. */
export type AttemptCause =
  | "backend_died"
  | "unreachable"
  | "vanished"
  | "never_arrived"
  | "out_of_memory"
  | "interrupted"
  | "output_gone"
  | "stalled";

/** An attempt that is over, as far as the next one must know it. */
export interface PastAttempt {
  readonly n: number;
  readonly backendId: string;
  readonly state: "done" | "lost" | "superseded";
  readonly cause?: AttemptCause;
}

/** The right to work on a job. Everything written under it is refused once another holder has taken over. */
export interface Lease {
  readonly jobId: string;
  readonly epoch: number;
}

/** A key that a caller chose so that a repeated request does nothing twice. Keys of two surfaces never meet. */
export interface Idempotency {
  readonly surface: "product" | "v1";
  readonly key: string;
  /** What was asked for; the same key with another is refused. */
  readonly fingerprint: string;
}
