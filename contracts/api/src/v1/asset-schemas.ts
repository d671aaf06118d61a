import * as z from "zod";
import { asset } from "../assets.ts";
import { kinds } from "../kinds/index.ts";

export const assetSources = ["output", "upload", "url", "builtin"] as const;
export type AssetSource = (typeof assetSources)[number];

/** Seconds a link may be asked to live. */
export const signSecondsMin = 60;
export const signSecondsMax = 7 * 24 * 3600;

const provenance = z
  .object({
    workflow: z.enum(kinds),
    version: z.number().describe("Of the workflow."),
    seed: z.number().describe("The seed that was used."),
    model: z.string().optional().describe("The model that rendered it."),
    prompt: z.string().optional().describe("The words the model was given."),
    input: z
      .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
      .describe("The values it was rendered with, by name; media as they were named."),
  })
  .meta({ id: "Provenance" });

export const v1Asset = asset
  .extend({
    source: z
      .enum(assetSources)
      .describe("`output` of a job, `upload`, fetched from a `url`, or `builtin` in a workflow."),
    sha256: z.string().describe("Of the content, lowercase hex; also its `ETag`."),
    createdAt: z.string().describe("ISO 8601, UTC."),
    jobId: z.string().optional().describe("The job that made it."),
  })
  .meta({ id: "V1Asset" });
export type V1Asset = z.infer<typeof v1Asset>;

export const v1AssetDetails = v1Asset
  .extend({ provenance: provenance.optional().describe("How it was made. Outputs of jobs only.") })
  .meta({ id: "V1AssetDetails" });
export type V1AssetDetails = z.infer<typeof v1AssetDetails>;

export const v1AssetPage = z
  .object({
    assets: z.array(v1Asset).describe("Newest first."),
    nextCursor: z.string().optional().describe("Absent on the last page."),
  })
  .meta({ id: "V1AssetPage" });

export const assetPageQuery = z.strictObject({
  source: z.enum(assetSources).optional().describe("Only these."),
  type: z
    .string()
    .regex(/^(image|audio|video)(\/[\w.+-]{1,64})?$/, "expected image, audio, video or a media type such as image/png")
    .optional()
    .describe("`image`, `audio`, `video`, or one media type such as `image/png`."),
  job: z.string().max(64).optional().describe("Only outputs of this job."),
  cursor: z.string().min(1).max(200).optional().describe("`nextCursor` of the page before."),
  limit: z.coerce.number().int().min(1).max(100).optional().describe("Assets of a page, 1–100. Default 20."),
});
export type AssetPageQuery = z.output<typeof assetPageQuery>;

export const assetSign = z
  .strictObject({
    ttlSeconds: z
      .int()
      .min(signSecondsMin)
      .max(signSecondsMax)
      .optional()
      .describe("How long the link works: a minute to seven days. Default 3600."),
    disposition: z
      .enum(["inline", "attachment"])
      .optional()
      .describe("Whether a browser shows the file or downloads it. Default `inline`."),
  })
  .meta({ id: "AssetSign", examples: [{ ttlSeconds: 86_400, disposition: "attachment" }] });

export const signedLink = z
  .object({
    url: z.string().describe("Opens for whoever has it."),
    expiresAt: z.string().describe("ISO 8601, UTC."),
  })
  .meta({ id: "SignedLink" });
