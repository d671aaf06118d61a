import type { UsageGroup } from "@comfy/contracts";

/** What is added up. Milliseconds and bytes. */
export interface UsageSums {
  readonly requests: number;
  readonly generations: number;
  /** Of the attempts that jobs ended with. */
  readonly workedMs: number;
  /** Of attempts that came to nothing or were given back. */
  readonly wastedMs: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

/** One row of a report: it has what the report is grouped by. */
export interface UsageRow extends UsageSums {
  readonly day?: string;
  readonly owner?: string;
  readonly key?: string;
  /** Null: requests, which belong to none. */
  readonly workflow?: string | null;
}

export interface UsageFilter {
  /** Absent: everybody's. */
  readonly ownerId?: string;
  /** The first and the last day, UTC, `2026-01-31`. */
  readonly from: string;
  readonly to: string;
  readonly groupBy: readonly UsageGroup[];
  readonly rowsMax: number;
}

/** What ended jobs and counted requests left behind. Each of them counts once, whether its rows are still there or only their sums. */
export interface UsageStore {
  /** By day, owner, key and workflow, in this order. */
  read(filter: UsageFilter): Promise<readonly UsageRow[]>;
}
