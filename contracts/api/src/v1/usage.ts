import * as z from "zod";
import type { RouteMetadata } from "../access.ts";
import { c } from "../contract.ts";
import { readErrors } from "../product/responses.ts";

/** Days of one report at the most. */
export const usageDaysMax = 366;
/** Rows of one report at the most. */
export const usageRowsMax = 10_000;

const groups = ["day", "key", "workflow"] as const;
const adminGroups = ["owner", ...groups] as const;
export type UsageGroup = (typeof adminGroups)[number];

/** One or more of these words, separated by commas. */
function groupList<Word extends string>(words: readonly [Word, ...Word[]]) {
  const one = `(${words.join("|")})`;
  return z
    .string()
    .regex(new RegExp(`^${one}(,${one}){0,${words.length - 1}}$`), `expected some of ${words.join(", ")}`)
    .transform((text) => text.split(","))
    .pipe(z.array(z.enum(words)))
    .optional()
    .meta({
      description: `What a row is of: one or more of \`${words.join("`, `")}\`, separated by commas. Default \`day\`.`,
      examples: [words.join(",")],
    });
}

/** Before this nothing was used, and the year 0 is no year to the database. */
const firstDay = "1970-01-01";
const expected = "expected a day such as 2026-01-31";
const day = (what: string) =>
  z.iso
    .date(expected)
    .refine((text) => text >= firstDay, expected)
    .optional()
    .describe(what);
const query = {
  from: day("The first day, UTC. Default: 29 days before the last one."),
  to: day("The last day, UTC. Default: today."),
  format: z.enum(["json", "csv"]).optional().describe("Default `json`, or what `Accept` prefers."),
};
export const usageQuery = z.strictObject({ ...query, groupBy: groupList(groups) });
export const adminUsageQuery = z.strictObject({
  ...query,
  groupBy: groupList(adminGroups),
  owner: z.string().min(1).max(200).optional().describe("Only this owner."),
});
export type UsageQuery = z.output<typeof usageQuery>;
export type AdminUsageQuery = z.output<typeof adminUsageQuery>;

const sums = {
  requests: z.number().describe("Requests of proven callers, reads included."),
  generations: z.number().describe("Jobs that ended and count: those that were given back do not."),
  gpuSeconds: z
    .number()
    .describe("Of the attempt that each job ended with, from when the backend began with it until it was rendered."),
  bytesIn: z.number().describe("Inputs of jobs."),
  bytesOut: z.number().describe("Outputs of jobs."),
};
const keys = {
  day: z.string().optional().describe("UTC, the day on which jobs ended and requests came. With `groupBy=day`."),
  key: z.string().optional().describe("Id of the API key, or of the session. With `groupBy=key`."),
  workflow: z.string().nullable().optional().describe("With `groupBy=workflow`; null: requests, which belong to none."),
};
const owner = z.string().optional().describe("With `groupBy=owner`.");
const wastedGpuSeconds = z.number().describe("Of attempts that came to nothing or were given back: nobody's but ours.");

const range = { from: z.string(), to: z.string() };
export const usageReport = z
  .object({ ...range, rows: z.array(z.object({ ...keys, ...sums })), total: z.object(sums) })
  .meta({ id: "UsageReport" });
export const adminUsageReport = z
  .object({
    ...range,
    rows: z.array(z.object({ owner, ...keys, ...sums, wastedGpuSeconds })),
    total: z.object({ ...sums, wastedGpuSeconds }),
  })
  .meta({ id: "AdminUsageReport" });
export type UsageReport = z.infer<typeof usageReport>;
export type AdminUsageReport = z.infer<typeof adminUsageReport>;

const CSV =
  "As CSV (RFC 4180, with a header) when `format=csv` or `Accept: text/csv` asks for it; cells that a spreadsheet would take for a formula begin with an apostrophe there.";

export const v1UsageRoutes = c.router({
  read: {
    method: "GET",
    path: "/api/v1/usage",
    summary: "Read what was used",
    description: `Requests, generations, GPU seconds and bytes of the key's owner, up to ${usageDaysMax} days at once. ${CSV}`,
    query: usageQuery,
    responses: { 200: usageReport, ...readErrors },
    metadata: {
      access: "signed",
      bucket: "requests",
      scope: "read",
      alternative: "text/csv",
      tag: "Platform: usage",
    } satisfies RouteMetadata,
  },
});

export const adminUsageRoutes = c.router({
  usage: {
    method: "GET",
    path: "/api/v1/admin/usage",
    summary: "Read what all owners used",
    description: `As \`GET /api/v1/usage\`, over all owners or one, and what came to nothing. ${CSV}`,
    query: adminUsageQuery,
    responses: { 200: adminUsageReport, ...readErrors },
    metadata: {
      access: "admin",
      bucket: "requests",
      alternative: "text/csv",
      tag: "Platform: admin",
    } satisfies RouteMetadata,
  },
});
