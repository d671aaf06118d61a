import { type UsageGroup, usageDaysMax, usageRowsMax } from "@comfy/contracts";
import type { Clock } from "../clock.ts";
import { AppError } from "../errors.ts";
import type { UsageRow, UsageStore, UsageSums } from "./usage-store.ts";

export interface UsageRequest {
  /** Absent: everybody's. */
  readonly ownerId?: string;
  /** The first and the last day, UTC, `2026-01-31`. Absent: the last thirty days. */
  readonly from?: string;
  readonly to?: string;
  readonly groupBy?: readonly UsageGroup[];
}

export interface Usage {
  readonly from: string;
  readonly to: string;
  readonly groupBy: readonly UsageGroup[];
  readonly rows: readonly UsageRow[];
  readonly total: UsageSums;
}

/** @throws AppError `invalid_input` when the days are in the wrong order, too many, or make too many rows. */
export type ReadUsage = (request: UsageRequest) => Promise<Usage>;

const DAY_MS = 86_400_000;
const DAYS_BEFORE = 29;

const toDay = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

/** Adds up what owners used. */
export function createReadUsage({ usage, clock }: { readonly usage: UsageStore; readonly clock: Clock }): ReadUsage {
  return async function readUsage({ ownerId, groupBy: given = ["day"], ...days }) {
    const { from, to } = toRange(days, clock.nowMs());
    const groupBy = [...new Set(given)];
    const owner = ownerId === undefined ? {} : { ownerId };
    const rows = await usage.read({ ...owner, from, to, groupBy, rowsMax: usageRowsMax + 1 });
    if (rows.length > usageRowsMax)
      throw refuse("groupBy", `The report has more than ${usageRowsMax} rows: ask for fewer days, or group by less.`);
    return { from, to, groupBy, rows, total: rows.reduce(add, nothing) };
  };
}

function toRange(given: Pick<UsageRequest, "from" | "to">, nowMs: number): { from: string; to: string } {
  const { to = toDay(nowMs) } = given;
  const toMs = Date.parse(to);
  const { from = toDay(Math.max(0, toMs - DAYS_BEFORE * DAY_MS)) } = given;
  const days = (toMs - Date.parse(from)) / DAY_MS + 1;
  if (days < 1) throw refuse("from", `The first day, ${from}, is after the last one, ${to}.`);
  if (days > usageDaysMax) throw refuse("from", `A report covers up to ${usageDaysMax} days; these are ${days}.`);
  return { from, to };
}

function refuse(path: string, sentence: string): AppError {
  return new AppError("invalid_input", sentence, { details: [{ path, message: sentence }] });
}

const nothing: UsageSums = { requests: 0, generations: 0, workedMs: 0, wastedMs: 0, bytesIn: 0, bytesOut: 0 };

const add = (sum: UsageSums, row: UsageSums): UsageSums => ({
  requests: sum.requests + row.requests,
  generations: sum.generations + row.generations,
  workedMs: sum.workedMs + row.workedMs,
  wastedMs: sum.wastedMs + row.wastedMs,
  bytesIn: sum.bytesIn + row.bytesIn,
  bytesOut: sum.bytesOut + row.bytesOut,
});
