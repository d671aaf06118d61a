import type { JobEvent } from "@comfy/contracts";

/**
 * What is told about a job while it lives. `finished` says that the database has the outcome; `cancel_requested` tells
 * whoever works on it to look at its flag.
 */
export type JobNotice =
  | Extract<JobEvent, { type: "queued" | "running" | "progress" | "preview" }>
  | { readonly type: "finished" | "cancel_requested" };

/** Carries notices from who works on a job to who listens, on every process. A hint: listeners also read the database. */
export interface EventBus {
  /** Never throws and is not waited for: a job does not care whether anybody heard. */
  publish(jobId: string, notice: JobNotice): void;
  /** Calls `listener` for each notice until the returned function is called. */
  subscribe(jobId: string, listener: (notice: JobNotice) => void, options?: SubscribeOptions): () => void;
}

export interface SubscribeOptions {
  /** What other processes tell may be missed in the first quarter of a second: the job is here, or the listener looks for itself. */
  readonly isPatient?: boolean;
}
