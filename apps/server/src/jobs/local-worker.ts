import type { Claimant, ClaimedJob } from "./job-store.ts";

/** A place that is kept for one job until it is used or given up. */
export interface Reservation {
  /** What an accept claims the job with. */
  readonly claimant: Claimant;
  /** Works on the job that the accept gave. */
  begin(claimed: ClaimedJob): void;
  /** The accept gave no job. */
  release(): void;
}

/** The worker of this process, as seen by whoever accepts jobs: one that has room takes a new job without a queue in between. */
export interface LocalWorker {
  /** Undefined when there is no room, or nothing here could do what the job needs. */
  reserve(needs: string): Reservation | undefined;
  /** A job may be claimable. False when another process might be able to take it sooner. */
  knock(): boolean;
}

/** A process that only answers requests. */
export const noLocalWorker: LocalWorker = { reserve: () => undefined, knock: () => false };
