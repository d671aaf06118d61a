import type { Clock } from "../clock.ts";
import type { BackendPool } from "../generation/backend-pool.ts";
import type { Ownership } from "../generation/ownership.ts";
import type { JobStore } from "../jobs/job-store.ts";
import type { LocalWorker } from "../jobs/local-worker.ts";
import type { RunJob } from "../jobs/run-job.ts";
import type { LifecyclePart } from "../lifecycle.ts";
import type { Log } from "../log.ts";
import { createActiveRuns } from "./active-runs.ts";
import { createLoop } from "./loop.ts";
import { createRoom } from "./room.ts";
import { createUnfit } from "./unfit.ts";

const CLAIM_EVERY_MS = 1_000;

export interface WorkerDeps {
  readonly jobs: Pick<JobStore, "claim" | "renew" | "releaseLeases" | "wakePostponed">;
  readonly runJob: RunJob;
  readonly pool: Pick<BackendPool, "room">;
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
  /** A job may be claimable. */
  knock(): void;
  /** A backend came, went, or offers something else than before. */
  noteChange(): void;
  /** Whether a prompt of ours is on that backend. */
  isOn(backendId: string): boolean;
}

/** The back door: claims jobs and works on them; what it holds when it stops is taken up by the next one. */
export function createWorker(deps: WorkerDeps): Worker {
  const { jobs, holder, leaseMs, log } = deps;
  const unfit = createUnfit(deps.clock);
  const claiming = createLoop({ name: "claim", everyMs: CLAIM_EVERY_MS, log, run: claim });
  const renewing = createLoop({ name: "lease", everyMs: leaseMs / 3, log, run: renew });
  const runs = createActiveRuns({ runJob: deps.runJob, log, onUnfit: unfit.add, onRoom });
  const room = createRoom({ pool: deps.pool, runs, isOnlyBackend: deps.configured.length === 1 });
  let isQuiet = false;

  function onRoom(): void {
    claiming.knock();
    deps.onIdle();
  }

  async function claim(): Promise<boolean> {
    const count = room.count();
    if (count <= 0) return false;
    const backends = { owned: deps.ownership.owned(), configured: deps.configured };
    const claimed = await jobs.claim({ holder, count, leaseMs, backends, unfit: unfit.words() });
    room.noteClaim(count, claimed.length);
    for (const job of claimed) runs.begin(job);
    return claimed.length === count;
  }

  async function renew(): Promise<boolean> {
    const held = runs.leases();
    if (held.length === 0) return false;
    const kept = new Set((await jobs.renew(held, leaseMs)).map(({ jobId }) => jobId));
    for (const lease of held) if (!kept.has(lease.jobId)) runs.detach(lease);
    return false;
  }

  return {
    name: "worker",
    knock: claiming.knock,
    isOn: runs.isOn,
    reserve(needs) {
      if (isQuiet || room.count() <= 0 || unfit.has(needs)) return undefined;
      const release = room.reserve();
      return {
        claimant: { holder, leaseMs, unfit: unfit.words() },
        begin(claimed) {
          release();
          runs.begin(claimed);
        },
        release: () => release() && claiming.knock(),
      };
    },
    noteChange() {
      unfit.clear();
      jobs
        .wakePostponed()
        .catch((error: unknown) => log.warn({ error }, "Jobs that wait for a backend could not be woken."))
        .finally(claiming.knock);
    },
    async start() {
      if (deps.isAlone) {
        const count = await jobs.releaseLeases();
        if (count > 0) log.info({ count }, "Jobs that an earlier process left are taken up again.");
      }
      for (const loop of [claiming, renewing]) loop.start();
    },
    quiesce() {
      isQuiet = true;
      void claiming.stop();
    },
    /** Waits for what runs; renders that outlast the wait go on without us and are taken up at the next start. */
    async drain(signal) {
      await claiming.stop();
      runs.recall();
      const { promise: isTimeUp, resolve } = Promise.withResolvers<void>();
      signal.addEventListener("abort", () => resolve(), { once: true });
      await Promise.race([runs.settled(), isTimeUp]);
    },
    async stop() {
      await claiming.stop();
      runs.detachAll();
      await Promise.all([runs.settled(), renewing.stop()]);
    },
  };
}
