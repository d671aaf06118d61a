import * as z from "zod";

/** JavaScript numbers are exact up to here, and so are seeds on this wire. */
export const seedMax = Number.MAX_SAFE_INTEGER;

/**
 * A seed as callers give it: `-1` (or nothing) asks for a random one.
 * @param max the largest seed the workflow's sampler takes
 */
export function seedField(max: number = seedMax) {
  return z
    .int()
    .min(-1)
    .max(max)
    .optional()
    .describe("Random seed. -1 or absent: chosen at random; the seed used is always reported in the result.");
}

export const uploadToCloud = z
  .boolean()
  .optional()
  .describe("`false` keeps the outputs out of the cloud store. Absent means true.");

export const mediaReference = (what: string) =>
  z
    .string()
    .min(1)
    .max(2048)
    .describe(
      `${what}: an https URL, an upload id, an asset id, or a server path (\`localPath\`) of an earlier result.`,
    );

export const callbackUrl = z
  .url({ protocol: /^https?$/ })
  .max(2048)
  .optional()
  .describe("Where one signed POST is sent when the job ends. https only; never a private or loopback address.");
