import * as z from "zod";
import { kinds } from "../kinds/index.ts";
import { metadataName, v1JobStatus } from "./job-schemas.ts";

/** Jobs of one page at the most. */
export const jobPageMax = 100;

const moment = (what: string) =>
  z.iso
    .datetime({ offset: true, error: "expected a time such as 2026-01-01T12:00:00Z" })
    .transform((text) => Date.parse(text))
    .optional()
    .describe(`${what} this time, ISO 8601 with its offset.`);

/** The filters of `GET /api/v1/jobs`; all that are given must hold. */
export const jobPageQuery = z.strictObject({
  status: z
    .string()
    .transform((words) => words.split(","))
    .pipe(z.array(v1JobStatus))
    .optional()
    .describe("One or more of `pending`, `processing`, `completed`, `failed`, `cancelled`, separated by commas."),
  workflow: z.enum(kinds).optional().describe("Only jobs of this workflow."),
  key: z.string().max(64).optional().describe("Only jobs that this API key made: its id, as jobs tell it in `key`."),
  metadata: z
    .record(z.string().regex(metadataName), z.string().max(512))
    .optional()
    .describe("`metadata[name]=text`: only jobs with exactly these pairs."),
  createdAfter: moment("Made after"),
  createdBefore: moment("Made before"),
  cursor: z.string().min(1).max(200).optional().describe("`nextCursor` of the page before."),
  limit: z.coerce.number().int().min(1).max(jobPageMax).optional().describe("Jobs of a page, 1–100. Default 20."),
});
export type JobPageQuery = z.output<typeof jobPageQuery>;
