import type { UsageGroup } from "@comfy/contracts";
import { type Kysely, type RawBuilder, sql } from "kysely";
import type { UsageFilter, UsageRow, UsageStore, UsageSums } from "../../jobs/usage-store.ts";
import type { Tables } from "./tables.ts";
import { toText } from "./write-values.ts";

type Row = Partial<Record<UsageGroup, string>> & { readonly sums: UsageSums };

/** In the order in which rows are sorted. */
const columns: Readonly<Record<UsageGroup, RawBuilder<unknown>>> = {
  day: sql`to_char(day, 'YYYY-MM-DD')`,
  owner: sql`owner_id`,
  key: sql`key_id`,
  workflow: sql`kind`,
};
const groups = ["day", "owner", "key", "workflow"] as const satisfies readonly UsageGroup[];

export function createUsageStore(db: Kysely<Tables>): UsageStore {
  return {
    async read(filter) {
      const wanted = groups.filter((group) => filter.groupBy.includes(group));
      const names = sql.join(wanted.map((group) => sql`${columns[group]} as ${sql.ref(group)}`));
      const places = sql.join(wanted.map((_, n) => sql.lit(n + 1)));
      const { rows } = await sql<Row>`
        select ${names}, json_build_object('requests', sum(requests), 'generations', sum(generations),
          'workedMs', sum(worked_ms), 'wastedMs', sum(wasted_ms), 'bytesIn', sum(bytes_in), 'bytesOut', sum(bytes_out)) as sums
        from (${allUsage(filter)}) used group by ${places} order by ${places} limit ${filter.rowsMax}`.execute(db);
      return rows.map(toUsageRow);
    },
  };
}

/** Jobs that are still there one by one, and the sums of those that are not: never both, since one statement turns one into the other. */
function allUsage({ ownerId, from, to }: UsageFilter): RawBuilder<unknown> {
  const own = ownerId === undefined ? sql`` : sql`owner_id = ${toText(ownerId)} and`;
  return sql`
    select ${dayOf} as day, owner_id, key_id, kind, 0::bigint as requests, ${generationsOf} as generations,
      worked_ms, wasted_ms, bytes_in, bytes_out
    from comfy.usage
    where ${own} ended_at >= ${from}::date::timestamp at time zone 'UTC'
      and ended_at < (${to}::date + 1)::timestamp at time zone 'UTC'
    union all
    select day, owner_id, key_id, kind, requests, generations, worked_ms, wasted_ms, bytes_in, bytes_out
    from comfy.usage_days where ${own} day between ${from}::date and ${to}::date`;
}

/** The day that a row of `comfy.usage` counts for, and how many generations it is. */
export const dayOf = sql`(ended_at at time zone 'UTC')::date`;
export const generationsOf = sql`(case when is_refunded then 0 else 1 end)::bigint`;

function toUsageRow({ day, owner, key, workflow, sums }: Row): UsageRow {
  return {
    ...(day !== undefined && { day }),
    ...(owner !== undefined && { owner }),
    ...(key !== undefined && { key }),
    ...(workflow !== undefined && { workflow: workflow === "" ? null : workflow }),
    ...sums,
  };
}
