/** What an owner may do. `null` means no limit. */
export interface TierLimits {
  readonly requestsPerMinute: number;
  readonly requestsPerHour: number;
  readonly generationsPerDay: number | null;
  /** Jobs running at once; further jobs wait. */
  readonly concurrentJobs: number | null;
  /** Job reads have a bucket of their own and never touch the two request limits. */
  readonly jobReadsPerMinute: number;
}

export const tierNames = ["free", "basic", "pro", "enterprise"] as const;
export type TierName = (typeof tierNames)[number];

export const tiers: Readonly<Record<TierName, TierLimits>> = {
  free: {
    requestsPerMinute: 10,
    requestsPerHour: 100,
    generationsPerDay: 10,
    concurrentJobs: 1,
    jobReadsPerMinute: 60,
  },
  basic: {
    requestsPerMinute: 30,
    requestsPerHour: 300,
    generationsPerDay: 100,
    concurrentJobs: 2,
    jobReadsPerMinute: 600,
  },
  pro: {
    requestsPerMinute: 100,
    requestsPerHour: 1_000,
    generationsPerDay: 1_000,
    concurrentJobs: 5,
    jobReadsPerMinute: 600,
  },
  enterprise: {
    requestsPerMinute: 1_000,
    requestsPerHour: 10_000,
    generationsPerDay: null,
    concurrentJobs: null,
    jobReadsPerMinute: 600,
  },
};

/** The tier that a key from the environment carries in its prefix (`pro_…`); an unknown prefix is `free`. */
export function tierOfKey(key: string): TierName {
  return tierNames.find((tier) => key.startsWith(`${tier}_`)) ?? "free";
}
