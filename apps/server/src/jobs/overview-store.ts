import type { JobState, Kind } from "@comfy/contracts";
import type { JobFailure } from "./job.ts";

export interface OverviewFilter {
  readonly states?: readonly JobState[];
  readonly ownerId?: string;
  readonly keyId?: string;
  readonly kind?: Kind;
  readonly createdAfterMs?: number;
  readonly createdBeforeMs?: number;
  /** Where the page before ended. */
  readonly cursor?: string;
  readonly limit: number;
}

/** A job as operators see it: without what went in and what came out. */
export interface OverviewJob {
  readonly id: string;
  readonly ownerId: string;
  readonly keyId: string;
  readonly kind: Kind;
  readonly state: JobState;
  readonly priority: number;
  /** 0 to 1. */
  readonly progress: number;
  readonly createdAtMs: number;
  readonly startedAtMs?: number;
  readonly completedAtMs?: number;
  readonly waitingReason?: string;
  readonly failure?: JobFailure;
  readonly requestId: string;
  readonly attempts: number;
  /** The backend of the last attempt. */
  readonly backendId?: string;
}

export interface OverviewPage {
  /** Newest first. */
  readonly jobs: readonly OverviewJob[];
  /** Absent on the last page. */
  readonly nextCursor?: string;
}

type Counts = Readonly<Partial<Record<JobState, number>>>;

/** What was counted in one look. */
export interface OverviewCounts {
  /** Jobs that have not ended. */
  readonly open: Counts;
  /** Jobs made within the last 24 hours. */
  readonly lastDay: Counts;
  readonly queue: {
    readonly waiting: number;
    readonly postponed: number;
    readonly running: number;
    readonly owners: number;
    readonly oldestSeconds: number;
  };
  readonly users: {
    readonly total: number;
    readonly admins: number;
    readonly disabled: number;
    readonly sessions: number;
  };
  readonly keys: number;
  readonly storage: { readonly files: number; readonly bytes: number };
}

/** Everybody's jobs and how much there is of everything, for operators. */
export interface OverviewStore {
  /** @throws AppError `invalid_input` when the cursor is none of ours */
  listJobs(filter: OverviewFilter): Promise<OverviewPage>;
  count(nowMs: number): Promise<OverviewCounts>;
}
