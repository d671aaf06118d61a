import type { JobState } from "@comfy/contracts";
import type { PendingSignature } from "../access/caller.ts";
import type { Idempotency } from "./job.ts";

/** Several jobs that were accepted by one request. */
export interface Batch {
  readonly id: string;
  readonly ownerId: string;
  readonly createdAtMs: number;
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly jobCount: number;
  /** How many of its jobs are in each state. */
  readonly counts: Readonly<Record<JobState, number>>;
}

export interface NewBatch {
  readonly id: string;
  readonly ownerId: string;
  readonly keyId: string;
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly signature?: PendingSignature;
  readonly idempotency?: Idempotency;
}

/** Batches as the database holds them. Their jobs are listed by the job store. */
export interface BatchStore {
  /** Undefined also when it is another owner's. */
  find(ownerId: string, id: string): Promise<Batch | undefined>;
  /**
   * Asks for the cancellation of every job of the batch that has not ended, and gives their ids. Whoever works on one ends it; the others
   * are ended by the caller.
   */
  requestCancel(ownerId: string, batchId: string): Promise<readonly string[]>;
}
