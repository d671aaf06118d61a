import type { TierLimits, TierName } from "@comfy/contracts";
import type { ApiKey } from "./key-ring.ts";

/** As many as the key's tier says, and no more than its owner was given by name. */
const toLower = (own: number, named: number | undefined): number => (named === undefined ? own : Math.min(own, named));

/**
 * Requests are counted by what the key is; jobs at once and generations a day by what its owner is: they are one row of the owner, and two
 * keys of different tiers would write it back and forth. What an owner was given by name holds all of its keys, those of a lower tier
 * included.
 */
export function limitsOfKey(key: ApiKey, limits: Readonly<Record<TierName, TierLimits>>): TierLimits {
  const { owner } = key;
  const own = { ...limits[key.tier], ...key.limits };
  const { concurrentJobs, generationsPerDay } = { ...limits[owner.tier], ...owner.limits };
  return {
    requestsPerMinute: toLower(own.requestsPerMinute, owner.limits?.requestsPerMinute),
    requestsPerHour: toLower(own.requestsPerHour, owner.limits?.requestsPerHour),
    jobReadsPerMinute: toLower(own.jobReadsPerMinute, owner.limits?.jobReadsPerMinute),
    concurrentJobs,
    generationsPerDay,
  };
}
