import type { Graph } from "@comfy/comfyui-contract";
import type { JobProgress, JobState, Kind } from "@comfy/contracts";
import type { Plan } from "@comfy/workflows";
import type { PendingSignature } from "../access/caller.ts";
import type { NewAsset } from "../assets/asset.ts";
import type { Attempt, Job, JobFailure, JobSummary, Lease } from "./job.ts";

/** Everything that becomes durable in the one transaction of an accept. */
export interface Acceptance {
  readonly id: string;
  readonly ownerId: string;
  readonly keyId: string;
  readonly kind: Kind;
  readonly plan: Plan;
  readonly isUploadedToCloud: boolean;
  readonly callbackUrl?: string;
  readonly requestId: string;
  readonly createdAtMs: number;
  readonly deadlineAtMs: number;
  readonly signature?: PendingSignature;
  readonly idempotency?: { readonly surface: "product"; readonly key: string; readonly fingerprint: string };
  /** Jobs of this owner that may run at once; null: no limit. */
  readonly concurrentJobs: number | null;
  /** Generations of this owner and UTC day; null: no limit. */
  readonly generationsPerDay: number | null;
  /** Media slots whose asset is known already. */
  readonly inputs: Readonly<Record<string, string>>;
}

export type AcceptOutcome =
  | { readonly type: "accepted"; readonly job: Job }
  /** The idempotency key was used before with the same body. Free of charge. */
  | { readonly type: "replayed"; readonly job: Job }
  | { readonly type: "idempotency_key_reused" }
  | { readonly type: "signature_replayed" }
  | { readonly type: "generations_exhausted"; readonly resetAtMs: number };

/** A job taken by a worker. */
export interface ClaimedJob {
  readonly job: Job;
  readonly lease: Lease;
  /** The dispatch that was under way when an earlier worker vanished. */
  readonly liveAttempt?: Attempt;
  /** Assets by media slot: what was pinned so far. */
  readonly inputs: Readonly<Record<string, string>>;
}

/** How a job ends. `finish` is the only writer of terminal states. */
export type Ending =
  | { readonly state: "complete"; readonly summary: JobSummary; readonly outputs: readonly NewAsset[] }
  | { readonly state: "failed" | "expired" | "cancelled"; readonly failure: JobFailure };

export interface Finish {
  readonly jobId: string;
  /** Absent for endings that no worker writes: the deadline, a cancel of a job that waits. They need no live lease. */
  readonly lease?: Lease;
  readonly attemptId?: string;
  readonly ending: Ending;
  /** Gives the generation back to the owner's day: it was never dispatched, or the fault is ours. */
  readonly isRefunded: boolean;
}

/** The jobs as the database holds them: the truth. */
export interface JobStore {
  accept(acceptance: Acceptance): Promise<AcceptOutcome>;
  find(id: string): Promise<Job | undefined>;
  findMany(ids: readonly string[]): Promise<readonly Job[]>;
  /** Takes up to `count` jobs that may run: pending ones within their owner's concurrency, and ones whose lease ran out. */
  claim(options: { holder: string; count: number; leaseMs: number }): Promise<readonly ClaimedJob[]>;
  /** Prolongs leases; gives back those that are still held. */
  renew(leases: readonly Lease[], leaseMs: number): Promise<readonly Lease[]>;
  /** Gives a job back: it becomes pending again, not before `delayMs` from now. */
  postpone(lease: Lease, options: { reason: string; delayMs: number }): Promise<boolean>;
  /** Writes an attempt before it is sent. Undefined when the lease is no longer held. */
  beginAttempt(
    lease: Lease,
    attempt: {
      readonly id: string;
      readonly backendId: string;
      readonly backendEpoch: string;
      readonly graph: Graph;
      readonly summary: JobSummary;
      readonly outputNodes: readonly string[];
    },
  ): Promise<Attempt | undefined>;
  markAttempt(lease: Lease, attemptId: string, state: Attempt["state"]): Promise<void>;
  pinInput(lease: Lease, slot: string, assetId: string): Promise<void>;
  /** Moves a leased job between the states that are not terminal. */
  setState(lease: Lease, state: Extract<JobState, "running" | "collecting">): Promise<boolean>;
  saveProgress(lease: Lease, progress: JobProgress): Promise<void>;
  /** Asks for cancellation. False when the job is terminal already. The lease holder (or, for a waiting job, the caller) ends it. */
  requestCancel(jobId: string): Promise<boolean>;
  isCancelRequested(jobId: string): Promise<boolean>;
  /** Ends a job, with outputs, usage and outbox, in one transaction. False when it was ended before or the lease is lost. */
  finish(finish: Finish): Promise<boolean>;
  /** Makes every leased job claimable. For the one process of an embedded database, at its start: all holders are dead. */
  releaseLeases(): Promise<number>;
  /** Jobs past their deadline that nobody works on: whoever holds a lease watches the deadline itself. */
  findOverdue(limit: number): Promise<readonly Job[]>;
}
