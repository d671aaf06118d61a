import type { Clock } from "../clock.ts";
import type { BackendPool } from "../generation/backend-pool.ts";
import type { Ownership } from "../generation/ownership.ts";
import type { JobStore } from "../jobs/job-store.ts";
import type { LocalWorker } from "../jobs/local-worker.ts";
import type { RunJob } from "../jobs/run-job.ts";
import type { LifecyclePart } from "../lifecycle.ts";
import type { Log } from "../log.ts";
import { createActiveRuns } from "./active-runs.ts";
import { createClaims } from "./claims.ts";
import { createLeaseLoop } from "./lease-loop.ts";
import { createRoom } from "./room.ts";
import { createUnfit } from "./unfit.ts";

export interface WorkerDeps {
  readonly jobs: Pick<JobStore, "claim" | "renew" | "releaseLeases" | "wakePostponed">;
  readonly runJob: RunJob;
  readonly pool: Pick<BackendPool, "room" | "slotCount">;
  readonly ownership: Pick<Ownership, "owned">;
  /** Every backend of the deployment. */
  readonly configured: readonly string[];
  readonly clock: Clock;
  readonly log: Log;
  /** Names this process in leases. */
  readonly holder: string;
  readonly leaseMs: number;
  /** True when this process is the only one: then leases found at the start belong to the dead. */
  readonly isAlone: boolean;
  /** A prompt of ours left a backend. */
  readonly onIdle: () => void;
}

export interface Worker extends LifecyclePart, LocalWorker {
  /** A backend came, went, or offers something else than before. */
  noteChange(): void;
  /** Whether a prompt of ours is on that backend. */
  isOn(backendId: string): boolean;
}

/** The back door: claims jobs and works on them; what it holds when it stops is taken up by the next one. */
export function createWorker(deps: WorkerDeps): Worker {
  const { jobs, pool, runJob, holder, leaseMs, log, ownership, configured, onIdle } = deps;
  const unfit = createUnfit(deps.clock);
  const tell = (look: () => void) => () => {
    look();
    onIdle();
  };
  const onRoom = tell(() => claims.noteRoom());
  const onEnd = tell(() => claims.knock());
  const runs = createActiveRuns({ runJob, log, onUnfit: unfit.add, onRoom, onEnd });
  const room = createRoom({ pool, runs, isOnlyBackend: configured.length === 1 });
  const who = { holder, leaseMs };
  const claims = createClaims({ jobs, ownership, configured, unfit, log, ...who, room, begin: runs.begin });
  const renewing = createLeaseLoop({ jobs, runs, leaseMs, log });
  let isQuiet = false;

  return {
    name: "worker",
    knock() {
      claims.knock();
      return ownership.owned().length === configured.length;
    },
    isOn: runs.isOn,
    reserve(needs) {
      if (isQuiet || room.count() <= 0 || unfit.has(needs)) return undefined;
      const release = room.reserve();
      return {
        claimant: { ...who, unfit: unfit.words() },
        begin(claimed) {
          release();
          runs.begin(claimed);
        },
        release: () => release() && claims.knock(),
      };
    },
    noteChange() {
      unfit.clear();
      jobs
        .wakePostponed()
        .catch((error: unknown) => log.warn({ error }, "Jobs that wait for a backend could not be woken."))
        .finally(() => {
          claims.knockForInheritance();
          claims.knock();
        });
    },
    async start() {
      if (deps.isAlone) {
        const count = await jobs.releaseLeases();
        if (count > 0) log.info({ count }, "Jobs that an earlier process left are taken up again.");
      }
      claims.start();
      renewing.start();
    },
    quiesce() {
      isQuiet = true;
      void claims.stop();
    },
    /** Waits for what runs; renders that outlast the wait go on without us and are taken up at the next start. */
    async drain(signal) {
      await claims.stop();
      runs.recall();
      const { promise: isTimeUp, resolve } = Promise.withResolvers<void>();
      signal.addEventListener("abort", () => resolve(), { once: true });
      await Promise.race([runs.settled(), isTimeUp]);
    },
    async stop() {
      await claims.stop();
      runs.detachAll();
      await Promise.all([runs.settled(), renewing.stop()]);
    },
  };
}
