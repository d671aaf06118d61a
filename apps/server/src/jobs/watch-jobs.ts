import { isTerminal } from "@comfy/contracts";
import type { Log } from "../log.ts";
import type { EventBus, JobNotice } from "./event-bus.ts";
import type { Job } from "./job.ts";
import type { JobStore } from "./job-store.ts";

export interface JobWatcher {
  /** Calls back once, with the ended job; never for a job that goes on. The returned function stops it. */
  onEnded(jobId: string, callback: (job: Job) => void, options?: WatchOptions): () => void;
  /** The ended job, or undefined when the time ran out or the signal aborted first. */
  waitForEnding(
    jobId: string,
    options: WatchOptions & { timeoutMs: number; signal: AbortSignal },
  ): Promise<Job | undefined>;
  /** This process ended the job: who waits for it here is told. */
  tell(job: Job): void;
}

export interface WatchOptions {
  /** The job was made a moment ago and cannot have ended: nothing is read at first. If it did, the tick finds it. */
  readonly isNew?: boolean;
  /** The job runs in this process, which tells of its ending. */
  readonly isHere?: boolean;
}

export interface JobWatcherDeps {
  readonly jobs: Pick<JobStore, "findMany">;
  readonly events: EventBus;
  readonly log: Log;
  /** How often the database is asked about all watched jobs, in one read. */
  readonly tickMs?: number;
}

interface Watched {
  readonly callbacks: Set<(job: Job) => void>;
  readonly unsubscribe: () => void;
}

/**
 * Tells when jobs end. A notice makes it look at once; the tick finds what no notice told of (another process, a lost
 * message), so that no outcome depends on being pushed. All jobs that are waited for cost one read per tick.
 */
export function createJobWatcher({ jobs, events, log, tickMs = 1_000 }: JobWatcherDeps): JobWatcher {
  const watched = new Map<string, Watched>();
  const due = new Set<string>();
  let isReading = false;
  let ticker: NodeJS.Timeout | undefined;

  async function readDue(): Promise<void> {
    if (isReading) return;
    isReading = true;
    try {
      while (due.size > 0) {
        const ids = [...due];
        due.clear();
        for (const job of await jobs.findMany(ids)) if (isTerminal(job.state)) settle(job);
      }
    } catch (error) {
      // The next tick asks again; callers have deadlines of their own.
      log.warn({ error }, "Could not read the jobs that are being waited for.");
    } finally {
      isReading = false;
    }
  }

  function look(jobId: string): void {
    due.add(jobId);
    void readDue();
  }

  function settle(job: Job): void {
    const callbacks = watched.get(job.id)?.callbacks ?? [];
    forget(job.id);
    for (const callback of callbacks) callback(job);
  }

  function forget(jobId: string): void {
    watched.get(jobId)?.unsubscribe();
    watched.delete(jobId);
    if (watched.size > 0) return;
    clearInterval(ticker);
    ticker = undefined;
  }

  function watch(jobId: string, isPatient: boolean): Watched {
    const hear = (notice: JobNotice) => {
      if (notice.type === "finished") look(jobId);
    };
    const unsubscribe = events.subscribe(jobId, hear, { isPatient });
    const entry = { callbacks: new Set<(job: Job) => void>(), unsubscribe };
    watched.set(jobId, entry);
    ticker ??= setInterval(() => {
      for (const id of watched.keys()) due.add(id);
      void readDue();
    }, tickMs);
    return entry;
  }

  function onEnded(jobId: string, callback: (job: Job) => void, options: WatchOptions = {}): () => void {
    const { isNew = false, isHere = false } = options;
    const entry = watched.get(jobId) ?? watch(jobId, isHere);
    entry.callbacks.add(callback);
    // It may have ended before we listened.
    if (!isNew) look(jobId);
    return () => {
      entry.callbacks.delete(callback);
      if (entry.callbacks.size === 0 && watched.get(jobId) === entry) forget(jobId);
    };
  }

  return { onEnded, waitForEnding: (jobId, options) => waitFor(onEnded, jobId, options), tell: settle };
}

async function waitFor(
  onEnded: JobWatcher["onEnded"],
  jobId: string,
  { timeoutMs, signal, ...options }: WatchOptions & { timeoutMs: number; signal: AbortSignal },
): Promise<Job | undefined> {
  if (signal.aborted) return undefined;
  const { promise, resolve } = Promise.withResolvers<Job | undefined>();
  const giveUp = () => resolve(undefined);
  const timer = setTimeout(giveUp, timeoutMs);
  signal.addEventListener("abort", giveUp, { once: true });
  const stop = onEnded(jobId, resolve, options);
  try {
    return await promise;
  } finally {
    stop();
    clearTimeout(timer);
    signal.removeEventListener("abort", giveUp);
  }
}
