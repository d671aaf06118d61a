import type { Graph } from "@comfy/comfyui-contract";
import type { JobProgress, JobState, Kind } from "@comfy/contracts";
import type { Plan } from "@comfy/workflows";
import type { PendingSignature } from "../access/caller.ts";
import type { NewAsset } from "../assets/asset.ts";
import type { BackendLease } from "../generation/ownership.ts";
import type { Batch, NewBatch } from "./batch-store.ts";
import type { Attempt, AttemptCause, Idempotency, Job, JobFailure, JobSummary, Lease, PastAttempt } from "./job.ts";
import type { RenderSpan } from "./render-meter.ts";

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
  readonly idempotency?: Idempotency;
  /** Jobs of this owner that may run at once; null: no limit. */
  readonly concurrentJobs: number | null;
  /** Generations of this owner and UTC day; null: no limit. */
  readonly generationsPerDay: number | null;
  /** Media slots whose asset is known already. */
  readonly inputs: Readonly<Record<string, string>>;
  /** −100 to 100; higher goes first among the jobs of one owner. Absent: 0. */
  readonly priority?: number;
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** The ended job that this one repeats; a job is repeated once. The caller has checked whose it is. */
  readonly retryOf?: string;
  readonly batchId?: string;
  /** What a backend must offer, as one word, `<kind>/<variant ids joined by +>`: jobs with the same word run on the same backends. Absent: `<kind>/`. */
  readonly needs?: string;
  /** The owner's share against other owners who wait. Absent: 1. */
  readonly weight?: number;
}

/** Who takes jobs. */
export interface Claimant {
  readonly holder: string;
  readonly leaseMs: number;
  /** Words of `needs` that nothing here can serve now: those jobs are left for others. */
  readonly unfit?: readonly string[];
}

export interface Claim extends Claimant {
  readonly count: number;
  /**
   * Which backends this process owns, and which the deployment has. A job whose holder vanished while its prompt was on one of the
   * configured backends is taken up by the owner of that backend alone. Absent: whoever asks may take up anything.
   */
  readonly backends?: { readonly owned: readonly string[]; readonly configured: readonly string[] };
  /** Only jobs whose holder vanished while their prompt was on a backend that this process owns. */
  readonly isInheritance?: boolean;
}

export interface AcceptOptions {
  /** Takes the job at once if nothing waits and its owner has room: one statement instead of a knock and a claim. */
  readonly claim?: Claimant;
}

export type AcceptOutcome =
  /** `claimed` when the caller asked for the job and has got it. */
  | { readonly type: "accepted"; readonly job: Job; readonly claimed?: ClaimedJob }
  /** The job of `retryOf` was repeated before, by this job. Free of charge. */
  | { readonly type: "retried_already"; readonly job: Job }
  /** The idempotency key was used before with the same body. Free of charge. */
  | { readonly type: "replayed"; readonly job: Job }
  | { readonly type: "idempotency_key_reused" }
  | { readonly type: "signature_replayed" }
  | { readonly type: "generations_exhausted"; readonly resetAtMs: number };

/** What became of several jobs that are accepted together or not at all. */
export type AcceptBatchOutcome =
  | { readonly type: "accepted"; readonly batch: Batch }
  | { readonly type: "replayed"; readonly batch: Batch }
  | Exclude<AcceptOutcome, { readonly job: Job }>;

/** A request that was refused before it came to an accept. */
export interface ReplayRequest {
  readonly ownerId: string;
  readonly idempotency: Idempotency;
  readonly signature?: PendingSignature;
}

export type Replay =
  | { readonly type: "replayed"; readonly job: Job }
  | { readonly type: "replayed"; readonly batch: Batch }
  | { readonly type: "idempotency_key_reused" }
  | { readonly type: "signature_replayed" };

/** Which jobs of an owner are listed. Each filter narrows; all of them absent: every job. */
export interface JobFilter {
  readonly ownerId: string;
  readonly limit: number;
  /** `nextCursor` of the page before. */
  readonly cursor?: string;
  readonly states?: readonly JobState[];
  readonly kind?: Kind;
  readonly keyId?: string;
  /** Pairs that the job's metadata has exactly so. */
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly createdAfterMs?: number;
  readonly createdBeforeMs?: number;
  readonly batchId?: string;
}

export interface JobPage {
  /** Newest first. */
  readonly jobs: readonly Job[];
  /** Absent on the last page. */
  readonly nextCursor?: string;
}

/** A job taken by a worker. */
export interface ClaimedJob {
  readonly job: Job;
  readonly lease: Lease;
  /** The dispatch that was under way when an earlier worker vanished. */
  readonly liveAttempt?: Attempt;
  /** Those that are over, first one first. */
  readonly pastAttempts: readonly PastAttempt[];
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
  /** What the last attempt took of its backend, as this worker saw it. */
  readonly span?: RenderSpan;
  readonly ending: Ending;
  /** Gives the generation back to the owner's day: it was never dispatched, or the fault is ours. */
  readonly isRefunded: boolean;
}

/** The jobs as the database holds them: the truth. */
export interface JobStore {
  accept(acceptance: Acceptance, options?: AcceptOptions): Promise<AcceptOutcome>;
  /** Accepts all of these jobs or none, in one transaction. Signature and idempotency key are the batch's, not those of its jobs. */
  acceptBatch(batch: NewBatch, acceptances: readonly Acceptance[]): Promise<AcceptBatchOutcome>;
  /**
   * What an earlier request under the same key made. For one that could not be made today: its input may be deleted since. Undefined when
   * the key is not known; otherwise its signature is spent.
   */
  findReplay(request: ReplayRequest): Promise<Replay | undefined>;
  find(id: string): Promise<Job | undefined>;
  findMany(ids: readonly string[]): Promise<readonly Job[]>;
  /** @throws AppError `invalid_input` when the cursor is none of ours. */
  list(filter: JobFilter): Promise<JobPage>;
  /** Takes up to `count` jobs that may run: pending ones within their owner's concurrency, and ones whose lease ran out. */
  claim(claim: Claim): Promise<readonly ClaimedJob[]>;
  /** Makes the jobs that wait for a backend due now: one may be able to take them. Gives how many. */
  wakePostponed(): Promise<number>;
  /** Prolongs leases; gives back those that are still held. */
  renew(leases: readonly Lease[], leaseMs: number): Promise<readonly Lease[]>;
  /** Gives a job back: it becomes pending again, not before `delayMs` from now. */
  postpone(lease: Lease, options: { reason: string; delayMs: number }): Promise<boolean>;
  /**
   * Writes an attempt, as sent, before it is sent. Undefined when the lease of the job is no longer held, or the backend lease that was
   * named is not that holder's any more.
   */
  beginAttempt(
    lease: Lease,
    attempt: {
      readonly id: string;
      readonly backendId: string;
      readonly backendEpoch: string;
      readonly graph: Graph;
      readonly summary: JobSummary;
      readonly outputNodes: readonly string[];
      /** Absent: nobody else could own the backend. */
      readonly backendLease?: BackendLease;
    },
  ): Promise<Attempt | undefined>;
  /**
   * Moves an attempt on, never back. One that is given up is kept as an orphan of its backend, to be removed there; not so one whose
   * cause is `backend_died`, because the new boot has forgotten it.
   */
  markAttempt(
    lease: Lease,
    attemptId: string,
    state: Attempt["state"],
    cause?: AttemptCause,
    span?: RenderSpan,
  ): Promise<void>;
  /** Writes down since when a live attempt runs, or until when it ran, for whoever ends the job without having seen it. */
  noteRender(lease: Lease, span: RenderSpan): Promise<void>;
  pinInput(lease: Lease, slot: string, assetId: string): Promise<void>;
  /** Moves a leased job between the states that are not terminal. */
  setState(lease: Lease, state: Extract<JobState, "running" | "collecting">): Promise<boolean>;
  saveProgress(lease: Lease, progress: JobProgress): Promise<void>;
  /** Asks for cancellation. False when the job is terminal already. The lease holder (or, for a waiting job, the caller) ends it. */
  requestCancel(jobId: string): Promise<boolean>;
  isCancelRequested(jobId: string): Promise<boolean>;
  /** Ends a job, with outputs, usage and outbox, in one transaction. Undefined when it was ended before or the lease is lost. */
  finish(finish: Finish): Promise<Job | undefined>;
  /** Makes every leased job claimable. For the one process of an embedded database, at its start: all holders are dead. */
  releaseLeases(): Promise<number>;
  /** Jobs past their deadline that nobody works on: whoever holds a lease watches the deadline itself. */
  findOverdue(limit: number): Promise<readonly Job[]>;
}
