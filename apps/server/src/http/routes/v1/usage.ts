import type { IncomingMessage } from "node:http";
import type { AdminUsageQuery, UsageGroup, UsageQuery } from "@comfy/contracts";
import type { Request, Response } from "express";
import type { Usage, UsageRequest } from "../../../jobs/read-usage.ts";
import type { UsageRow, UsageSums } from "../../../jobs/usage-store.ts";
import { answered } from "../../connection.ts";
import { toCsv } from "../../csv.ts";
import type { AppDeps } from "../../deps.ts";
import { authenticatedOf } from "../../visit.ts";

interface Call<Query> {
  readonly req: IncomingMessage;
  readonly res: Response;
  readonly query: Query;
}

const toSums = ({ requests, generations, workedMs, bytesIn, bytesOut }: UsageSums) => ({
  requests,
  generations,
  gpuSeconds: workedMs / 1_000,
  bytesIn,
  bytesOut,
});
const toAdminSums = (sums: UsageSums) => ({ ...toSums(sums), wastedGpuSeconds: sums.wastedMs / 1_000 });

/** The columns that a report is grouped by, in the order in which its rows are sorted. */
const groups = ["day", "owner", "key", "workflow"] as const satisfies readonly UsageGroup[];
const toKeys = (row: UsageRow) =>
  Object.fromEntries(groups.flatMap((group) => (group in row ? [[group, row[group]]] : [])));

/** The days and groups of either query, without those that are absent. */
function toRequest({ from, to, groupBy }: UsageQuery | AdminUsageQuery): UsageRequest {
  return { ...(from !== undefined && { from }), ...(to !== undefined && { to }), ...(groupBy && { groupBy }) };
}

function toReport<Sums extends object>({ from, to, rows, total }: Usage, print: (sums: UsageSums) => Sums) {
  return { from, to, rows: rows.map((row) => ({ ...toKeys(row), ...print(row) })), total: print(total) };
}

function wantsCsv({ req, query: { format } }: Call<UsageQuery | AdminUsageQuery>): boolean {
  if (format !== undefined) return format === "csv";
  // The app's requests are express's own; ts-rest types them as Node's.
  return (req as Request).accepts(["application/json", "text/csv"]) === "text/csv";
}

/** Under a name that says which days it holds, for whoever saves it. */
function sendCsv(
  res: Response,
  { from, to, groupBy, rows }: Usage,
  print: (sums: UsageSums) => Record<string, number>,
) {
  const keys = groups.filter((group) => groupBy.includes(group));
  const lines = rows.map((row) => [...keys.map((key) => row[key]), ...Object.values(print(row))]);
  const noSums = { requests: 0, generations: 0, workedMs: 0, wastedMs: 0, bytesIn: 0, bytesOut: 0 };
  res.status(200).set({
    "Content-Type": "text/csv; charset=utf-8; header=present",
    "Content-Disposition": `attachment; filename="usage-${from}-${to}.csv"`,
  });
  res.end(toCsv([...keys, ...Object.keys(print(noSums))], lines));
  return answered(res);
}

/** What the caller's owner used. */
export function createUsageRoutes({ verbs }: AppDeps) {
  return {
    async read(call: Call<UsageQuery>) {
      const { ownerId } = authenticatedOf(call.req).caller;
      const usage = await verbs.readUsage({ ownerId, ...toRequest(call.query) });
      call.res.vary("Accept");
      if (wantsCsv(call)) return sendCsv(call.res, usage, toSums);
      return { status: 200 as const, body: toReport(usage, toSums) };
    },
  };
}

/** What everybody used, for those who operate the service. */
export function createAdminUsageRoutes({ verbs }: AppDeps) {
  return {
    async usage(call: Call<AdminUsageQuery>) {
      const { owner } = call.query;
      const usage = await verbs.readUsage({ ...(owner !== undefined && { ownerId: owner }), ...toRequest(call.query) });
      call.res.vary("Accept");
      if (wantsCsv(call)) return sendCsv(call.res, usage, toAdminSums);
      return { status: 200 as const, body: toReport(usage, toAdminSums) };
    },
  };
}
