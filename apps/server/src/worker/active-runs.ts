import type { Lease } from "../jobs/job.ts";
import type { ClaimedJob } from "../jobs/job-store.ts";
import type { RunHooks, RunPhase } from "../jobs/run.ts";
import type { RunJob } from "../jobs/run-job.ts";
import type { Log } from "../log.ts";

export interface ActiveRunsDeps {
  readonly runJob: RunJob;
  readonly log: Log;
  /** No backend of this process can do what the job needs now. */
  readonly onUnfit: (needs: string) => void;
  /** There may be room for another job. */
  readonly onRoom: () => void;
  /** A job is over: its owner may have another one. */
  readonly onEnd: () => void;
}

interface ActiveRun {
  readonly lease: Lease;
  readonly detach: AbortController;
  readonly done: Promise<void>;
  phase: RunPhase;
  /** Where it renders. */
  backendId: string | undefined;
  /** Its render will end soon. */
  isNearlyDone: boolean;
}

/** The jobs that this process works on. */
export interface ActiveRuns {
  begin(claimed: ClaimedJob): void;
  leases(): Lease[];
  count(phase: RunPhase): number;
  nearlyDone(): number;
  /** Whether a prompt of ours is on that backend. */
  isOn(backendId: string): boolean;
  /** Stops work on a job whose lease was lost; one that has ended or was claimed again since is left alone. */
  detach(lease: Lease): void;
  /** Gives back what has not begun to run; what runs may end. */
  recall(): void;
  /** Lets go of everything. Prompts go on and are taken up by the next worker. */
  detachAll(): void;
  /** Resolves when nothing is left. */
  settled(): Promise<void>;
}

export function createActiveRuns({ runJob, log, onUnfit, onRoom, onEnd }: ActiveRunsDeps): ActiveRuns {
  const runs = new Map<string, ActiveRun>();
  const recalling = new AbortController();

  function begin(claimed: ClaimedJob): void {
    const { lease } = claimed;
    // After a long absence of the database this process may inherit from itself.
    runs.get(lease.jobId)?.detach.abort(new Error("The job was claimed again."));
    const detach = new AbortController();
    const change = (what: Partial<Pick<ActiveRun, "phase" | "isNearlyDone" | "backendId">>) => {
      Object.assign(run, what);
      onRoom();
    };
    const hooks: RunHooks = {
      detach: detach.signal,
      recall: recalling.signal,
      onPhase: (phase, backendId) => change({ phase, backendId, isNearlyDone: false }),
      onHeadway: (headway) => change({ isNearlyDone: headway === "nearly_done" }),
      onUnfit,
    };
    const start = Promise.withResolvers<void>();
    const done = start.promise
      .then(() => runJob(claimed, hooks))
      // Nothing is lost: the lease runs out and the job is claimed again.
      .catch((error: unknown) => log.error({ jobId: lease.jobId, error }, "A run broke off."))
      .finally(() => {
        if (runs.get(lease.jobId) === run) runs.delete(lease.jobId);
        onEnd();
      });
    const run: ActiveRun = { lease, detach, done, phase: "preparing", backendId: undefined, isNearlyDone: false };
    runs.set(lease.jobId, run);
    start.resolve();
  }

  const all = () => [...runs.values()];

  return {
    begin,
    leases: () => all().map(({ lease }) => lease),
    count: (phase) => all().filter((run) => run.phase === phase).length,
    nearlyDone: () => all().filter(({ isNearlyDone }) => isNearlyDone).length,
    isOn: (id) => all().some(({ backendId }) => backendId === id),
    detach(lease) {
      const run = runs.get(lease.jobId);
      if (run?.lease !== lease) return;
      log.warn({ jobId: lease.jobId }, "The lease of a job was lost; letting go of it.");
      run.detach.abort(new Error("The lease was lost."));
    },
    recall: () => recalling.abort(new Error("This process drains.")),
    detachAll() {
      for (const { detach } of all()) detach.abort(new Error("The service is stopping."));
    },
    settled: async () => void (await Promise.all(all().map(({ done }) => done))),
  };
}
