import type { JobsOptions } from "bullmq";

/** A knock as it lies in the queue. */
export interface QueuedKnock {
  readonly id?: string | undefined;
  readonly data: unknown;
  /** Puts it back for later; whoever took it then throws BullMQ's `DelayedError`. */
  moveToDelayed(atMs: number, token?: string): Promise<void>;
}

/** The side of BullMQ that knocks. */
export interface KnockQueue {
  add(name: string, data: unknown, options: JobsOptions): Promise<unknown>;
  close(): Promise<void>;
}

/** The side of BullMQ that listens. */
export interface KnockWorker {
  pause(doNotWaitActive: boolean): Promise<void>;
  resume(): Promise<void>;
  close(force: boolean): Promise<void>;
}

export type Hear = (knock: QueuedKnock, token?: string) => Promise<void>;

/** Where the queue lives. */
export interface QueueDriver {
  /** Makes the tables where there are tables. */
  prepare(): Promise<void>;
  /** False while there is no use in knocking: every try would fail. */
  isReady(): boolean;
  openQueue(prefix: string): Promise<KnockQueue>;
  /** `onError` is told what the worker then tries again. */
  openWorker(prefix: string, hear: Hear, onError: (error: unknown) => void): Promise<KnockWorker>;
}

export const QUEUE_NAME = "knocks";

/** A knock is heard and gone within milliseconds: no retries, no history, no events that anybody reads. */
export const queueSettings = { streams: { events: { maxLen: 10 } }, skipVersionCheck: true } as const;

export const workerSettings = {
  /** Knocks heard at once; each costs one read by primary key. */
  concurrency: 20,
  /** A store that was away is asked again this soon. */
  runRetryDelay: 1_000,
  /** A process killed between taking and hearing a knock: another one hears it. */
  lockDuration: 10_000,
  stalledInterval: 10_000,
  skipLockRenewal: true,
  autorun: false,
} as const;
