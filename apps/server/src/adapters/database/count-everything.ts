import { type Kysely, sql } from "kysely";
import type { OverviewCounts } from "../../jobs/overview-store.ts";
import { isPostponed, isWaiting, shownState } from "./job-rows.ts";
import type { Tables } from "./tables.ts";

const DAY_MS = 86_400_000;

/** The smallest id that could have been made at that moment: the primary key is in the order of time. */
function toFirstId(timeMs: number): string {
  const hex = timeMs.toString(16).padStart(12, "0");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-7000-8000-000000000000`;
}

const count = (rest: ReturnType<typeof sql>) => sql`(select count(*)::integer from ${rest})`;

/** One statement, so that the numbers belong together. Everything of it but the bytes is found by an index. */
export async function countEverything(db: Kysely<Tables>, nowMs: number): Promise<OverviewCounts> {
  const states = (rest: ReturnType<typeof sql>) => sql`(
    select coalesce(json_object_agg(s.state, s.n), '{}') from (
      select ${shownState} as state, count(*)::integer as n from comfy.jobs j where ${rest} group by 1) s)`;
  const { rows } = await sql<{ readonly counts: OverviewCounts }>`
    select json_build_object(
      'open', ${states(sql`j.completed_at is null`)},
      'lastDay', ${states(sql`j.id >= ${toFirstId(nowMs - DAY_MS)}::uuid`)},
      'queue', json_build_object(
        'waiting', ${count(sql`comfy.jobs j where ${isWaiting}`)},
        'postponed', ${count(sql`comfy.jobs j where ${isPostponed}`)},
        'running', ${count(sql`comfy.jobs j where j.lease_holder is not null`)},
        'owners', (select count(distinct j.owner_id)::integer from comfy.jobs j where ${isWaiting}),
        'oldestSeconds', (select coalesce(floor(extract(epoch from clock_timestamp() - min(j.created_at))), 0)
          from comfy.jobs j where ${isWaiting})
      ),
      'users', json_build_object(
        'total', ${count(sql`comfy.users`)},
        'admins', ${count(sql`comfy.users where role = 'admin' and disabled_at is null`)},
        'disabled', ${count(sql`comfy.users where disabled_at is not null`)},
        'sessions', ${count(sql`comfy.sessions where ended_at is null and expires_at > clock_timestamp()`)}
      ),
      'keys', ${count(sql`comfy.api_keys
          where revoked_at is null and (expires_at is null or expires_at > clock_timestamp())`)},
      'storage', (select json_build_object('files', count(*), 'bytes', coalesce(sum(b.size_bytes), 0))
        from comfy.blobs b where b.state = 'live')
    ) as counts`.execute(db);
  const [row] = rows;
  if (!row) throw new Error("The database counted nothing.");
  return row.counts;
}
