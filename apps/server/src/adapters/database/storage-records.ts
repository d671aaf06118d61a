import { type Kysely, type RawBuilder, sql } from "kysely";
import type { LooseBlob, StorageRecords } from "../../assets/storage-records.ts";
import { fromNow } from "./job-rows.ts";
import type { Tables } from "./tables.ts";
import { toText } from "./write-values.ts";

interface BlobRow {
  readonly sha256: string;
  readonly locations: readonly string[];
}

const columns = sql`b.sha256, array_append(b.other_locations, b.location) as locations`;
const ago = (ageMs: number) => sql`statement_timestamp() - ${ageMs}::float8 * interval '1 millisecond'`;
const isReferred = sql`exists (select from comfy.assets a where a.sha256 = b.sha256 and a.expired_at is null)`;

const START = "-infinity|";
const WALK_ANEW_MS = 86_400_000;

export function createStorageRecords(
  db: Kysely<Tables>,
  monotonicMs: () => number = () => performance.now(),
): StorageRecords {
  return {
    expireAssets: (options) => expireAssets(db, options),
    claimLoose: createWalk(db, monotonicMs),
    async reclaim({ ageMs, count }) {
      const { rows } = await sql<BlobRow>`
        update comfy.blobs b set touched_at = clock_timestamp()
        where b.sha256 in (
          select sha256 from comfy.blobs where state = 'deleting' and touched_at < ${ago(ageMs)}
          order by touched_at limit ${count}::integer for update skip locked
        ) returning ${columns}`.execute(db);
      return rows;
    },
    async settle(sha256) {
      // An expired asset still tells the size of what it was.
      await sql`
        update comfy.blobs b set state = 'gone', other_locations = '{}'
        where sha256 = ${sha256} and state = 'deleting' and exists (select from comfy.assets a where a.sha256 = b.sha256)`.execute(
        db,
      );
      await sql`
        delete from comfy.blobs b
        where sha256 = ${sha256} and state = 'deleting' and not exists (select from comfy.assets a where a.sha256 = b.sha256)`.execute(
        db,
      );
    },
    async release(sha256) {
      await sql`
        update comfy.blobs set state = 'live', touched_at = clock_timestamp()
        where sha256 = ${sha256} and state = 'deleting'`.execute(db);
    },
    async unclaim(hashes, ageMs) {
      await sql`
        update comfy.blobs set state = 'live', touched_at = ${ago(ageMs)}
        where sha256 = any(${hashes}::text[]) and state = 'deleting'`.execute(db);
    },
    async findUnknown(locations) {
      const { rows } = await sql<{ location: string }>`
        select l.location from unnest(${locations.map(toText)}::text[]) as l(location)
        where not exists (
          select from comfy.blobs b
          -- The hash is the last part of every location: found by it, not by reading the table.
          where b.sha256 = substring(l.location from '[0-9a-f]{64}$')
            and (b.location = l.location or l.location = any(b.other_locations)))`.execute(db);
      return rows.map(({ location }) => location);
    },
    async takeTurn(chore, holder, leaseMs) {
      const { rows } = await sql`
        insert into comfy.turns as t (chore, holder, expires_at) values (${chore}, ${toText(holder)}, ${fromNow(leaseMs)})
        on conflict (chore) do update set holder = excluded.holder, expires_at = excluded.expires_at
        where t.holder = excluded.holder or t.expires_at < clock_timestamp()
        returning 1`.execute(db);
      return rows.length > 0;
    },
  };
}

const isNeeded = sql`exists (
  select from comfy.job_inputs i join comfy.jobs j on j.id = i.job_id where i.asset_id = a.id and j.completed_at is null)`;

/**
 * Locks first and looks again under the lock: an accept that was under way holds its files, and one that has ended since shows them. One
 * that comes later waits for the lock, and finds the file gone.
 */
async function expireAssets(db: Kysely<Tables>, { ageMs, count }: Parameters<StorageRecords["expireAssets"]>[0]) {
  return db.transaction().execute(async (trx) => {
    const { rows: locked } = await sql<{ id: string }>`
      select a.id from comfy.assets a
      where a.expired_at is null and a.created_at < ${ago(ageMs)} and a.source <> 'builtin' and not ${isNeeded}
      order by a.created_at limit ${count}::integer for update skip locked`.execute(trx);
    const { rows } = await sql`
      update comfy.assets a set expired_at = clock_timestamp()
      where a.id = any(${locked.map(({ id }) => id)}::uuid[]) and not ${isNeeded}
      returning 1`.execute(trx);
    return rows.length;
  });
}

/**
 * Walks over blobs in the order they were touched in, and does not come back to those it has seen: one that nobody refers to any more is
 * touched in that moment, so it comes again. Once a day it begins anew, for what a lock hid from it.
 */
function createWalk(db: Kysely<Tables>, monotonicMs: () => number): StorageRecords["claimLoose"] {
  let seen = START;
  let beganAtMs = monotonicMs();
  return async function claimLoose({ ageMs, count, claimMax, cursor }) {
    if (cursor === undefined && monotonicMs() - beganAtMs >= WALK_ANEW_MS) {
      seen = START;
      beganAtMs = monotonicMs();
    }
    const [touchedAt = "", sha256 = ""] = (cursor ?? seen).split("|");
    const from = sql`${touchedAt}::timestamptz`;
    const { rows: page } = await sql<{ sha256: string; touched_at: string; is_loose: boolean }>`
      select b.sha256, b.touched_at::text as touched_at, not ${isReferred} as is_loose from comfy.blobs b
      where b.state = 'live' and b.touched_at >= ${from} and (b.touched_at, b.sha256) > (${from}, ${sha256})
        and b.touched_at < ${ago(ageMs)}
      order by b.touched_at, b.sha256 limit ${count}::integer`.execute(db);
    const allLoose = page.filter(({ is_loose }) => is_loose);
    const taken = allLoose.slice(0, claimMax);
    const loose = taken.map((row) => row.sha256);
    const isStale = sql`b.state = 'live' and b.touched_at < ${ago(ageMs)}`;
    const blobs = loose.length > 0 ? await claim(db, loose, isStale) : [];
    // A page of which not all was claimed ends with the last that was.
    const isCut = allLoose.length > taken.length;
    const last = isCut ? taken.at(-1) : page.at(-1);
    if (last !== undefined) seen = `${last.touched_at}|${last.sha256}`;
    return { blobs, ...((isCut || page.length === count) && { cursor: seen }) };
  };
}

/**
 * Locks first and looks again under the lock: a row that somebody is just about to refer to is locked by them and left alone, and one that
 * was referred to since shows it.
 */
async function claim(
  db: Kysely<Tables>,
  hashes: readonly string[],
  isStale: RawBuilder<unknown>,
): Promise<LooseBlob[]> {
  return db.transaction().execute(async (trx) => {
    const { rows: locked } = await sql<{ sha256: string }>`
      select b.sha256 from comfy.blobs b where b.sha256 = any(${hashes}::text[]) and ${isStale}
      order by b.sha256 for update skip locked`.execute(trx);
    const { rows } = await sql<BlobRow>`
      update comfy.blobs b set state = 'deleting', touched_at = clock_timestamp()
      where b.sha256 = any(${locked.map(({ sha256 }) => sha256)}::text[]) and not ${isReferred}
      returning ${columns}`.execute(trx);
    return rows;
  });
}
