import { type AdminStatsBody, type JobState, jobStateWords, type V1JobStatus, v1JobStatus } from "@comfy/contracts";
import type { Clock } from "../clock.ts";
import type { OperatedBackend } from "../generation/operate-backends.ts";
import type { OverviewStore } from "./overview-store.ts";

export type ReadStats = () => Promise<AdminStatsBody>;

export interface ReadStatsDeps {
  readonly overview: Pick<OverviewStore, "count">;
  readonly listBackends: () => Promise<readonly OperatedBackend[]>;
  /** How many keys the environment names. */
  readonly environmentKeys: number;
  readonly clock: Clock;
}

/** Counting looks at many rows, so it is done this rarely, however many dashboards ask. */
const FRESH_MS = 10_000;

function toStatuses(counts: Readonly<Partial<Record<JobState, number>>>): Record<V1JobStatus, number> {
  const statuses = { pending: 0, processing: 0, completed: 0, failed: 0, cancelled: 0 };
  for (const status of v1JobStatus.options) {
    for (const [state, n = 0] of Object.entries(counts) as [JobState, number][])
      if (jobStateWords[state].v1 === status) statuses[status] += n;
  }
  return statuses;
}

/** How the service stands. Everybody who asks within ten seconds is told the same. */
export function createReadStats(deps: ReadStatsDeps): ReadStats {
  let latest: { readonly atMs: number; readonly stats: Promise<AdminStatsBody> } | undefined;
  return async function readStats() {
    const atMs = deps.clock.monotonicMs();
    if (latest && atMs - latest.atMs < FRESH_MS) return latest.stats;
    const stats = look(deps);
    const mine = { atMs, stats };
    latest = mine;
    // What failed is asked again by the next one.
    stats.catch(() => {
      if (latest === mine) latest = undefined;
    });
    return stats;
  };
}

async function look({ overview, listBackends, environmentKeys, clock }: ReadStatsDeps): Promise<AdminStatsBody> {
  const nowMs = clock.nowMs();
  const [counts, backends] = await Promise.all([overview.count(nowMs), listBackends()]);
  const { open, lastDay, queue, users, keys, storage } = counts;
  return {
    jobs: { now: toStatuses(open), lastDay: toStatuses(lastDay) },
    queue: { ...queue },
    users: { ...users },
    keys: { stored: keys, environment: environmentKeys },
    backends: {
      total: backends.length,
      reachable: backends.filter(({ isReachable }) => isReachable).length,
      drained: backends.filter(({ isDrained }) => isDrained).length,
    },
    storage: { ...storage },
    at: new Date(nowMs).toISOString(),
  };
}
