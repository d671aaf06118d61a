import { type Kysely, sql } from "kysely";
import type { RequestCounts } from "../../access/request-counter.ts";
import type { Tables } from "./tables.ts";
import { toJson, toText } from "./write-values.ts";

export function createRequestCounts(db: Kysely<Tables>): RequestCounts {
  return {
    async add(holder, n, counts) {
      const rows = counts.map(({ day, ownerId, keyId, count }) => ({
        ...{ day, count },
        owner_id: toText(ownerId),
        key_id: toText(keyId),
      }));
      await sql`
        with fresh as (
          insert into comfy.request_counters as c (holder, n) values (${toText(holder)}, ${n}::bigint)
          on conflict (holder) do update set n = excluded.n, counted_at = clock_timestamp() where c.n < excluded.n
          returning 1
        )
        insert into comfy.usage_days as d (day, owner_id, key_id, kind, requests)
        select r.day, r.owner_id, r.key_id, '', r.count
        from fresh cross join json_to_recordset(${toJson(rows)}::json) as r(
          day date, owner_id text, key_id text, count bigint)
        -- In one order, so that two processes never wait for each other's rows.
        order by r.owner_id, r.day, r.key_id
        on conflict (owner_id, day, key_id, kind) do update set requests = d.requests + excluded.requests`.execute(db);
    },
  };
}
