import { type TierLimits, type TierName, tierNames, tiers } from "@comfy/contracts";
import * as z from "zod";

const limit = z.int().positive();
const someLimits = z
  .strictObject({
    requestsPerMinute: limit,
    requestsPerHour: limit,
    jobReadsPerMinute: limit,
    generationsPerDay: limit.nullable(),
    concurrentJobs: limit.nullable(),
  })
  .partial();

/** `{"tiers":{"enterprise":{"concurrentJobs":20}},"keys":{"landline":{"requestsPerMinute":300}}}`; null is no limit. */
export const limits = z
  .string()
  .transform((text, context) => {
    try {
      return JSON.parse(text) as unknown;
    } catch {
      context.addIssue('expected JSON, e.g. {"tiers":{"enterprise":{"concurrentJobs":20}}}');
      return z.NEVER;
    }
  })
  .pipe(
    z.strictObject({
      tiers: z.partialRecord(z.enum(tierNames), someLimits).optional(),
      keys: z.record(z.string(), someLimits).optional(),
    }),
  );

type GivenLimits = z.output<typeof limits> | undefined;

/** What each tier may do: as usual, except where the environment says otherwise. */
export function toTierLimits(given: GivenLimits): Record<TierName, TierLimits> {
  return mapValues(tiers, (usual, tier) => ({ ...usual, ...toPartialLimits(given?.tiers?.[tier] ?? {}) }));
}

/** What differs for single keys, by name. */
export function toKeyLimits(given: GivenLimits): Record<string, Partial<TierLimits>> {
  return mapValues(given?.keys ?? {}, toPartialLimits);
}

// What came from JSON holds no undefined, which the compiler cannot know.
const toPartialLimits = (given: z.output<typeof someLimits>) => given as Partial<TierLimits>;

function mapValues<Name extends string, From, To>(
  record: Readonly<Record<Name, From>>,
  change: (value: From, name: Name) => To,
): Record<Name, To> {
  const entries = Object.entries(record) as [Name, From][];
  return Object.fromEntries(entries.map(([name, value]) => [name, change(value, name)])) as Record<Name, To>;
}
