import { type Kysely, type RawBuilder, sql } from "kysely";
import type { AssetFilter, AssetPage, AssetShelf, ShelvedAsset } from "../../assets/asset-shelf.ts";
import { AppError } from "../../errors.ts";
import { isId } from "../../ids.ts";
import type { Tables } from "./tables.ts";
import { sqlStateOf } from "./translate-errors.ts";
import { toText } from "./write-values.ts";

interface ShelvedRow {
  readonly id: string;
  readonly owner_id: string;
  readonly job_id: string | null;
  readonly name: string;
  readonly type: string;
  readonly source: ShelvedAsset["source"];
  readonly size_bytes: number;
  readonly sha256: string;
  readonly created_at: Date;
  /** Microseconds, which a Date would round. */
  readonly created_us: string;
}

const FOREIGN_KEY_VIOLATION = "23503";

const columns = sql`
  a.id, a.owner_id, a.job_id, a.name, a.type, a.source, b.size_bytes, a.sha256, a.created_at,
  (extract(epoch from a.created_at) * 1000000)::bigint::text as created_us`;

export function createAssetShelf(db: Kysely<Tables>): AssetShelf {
  return {
    list: (filter) => listAssets(db, filter),
    async find(ownerId, id) {
      if (!isId(id)) return undefined;
      const { rows } = await sql<ShelvedRow>`
        select ${columns} from comfy.assets a join comfy.blobs b using (sha256)
        where a.id = ${id}::uuid and a.owner_id = ${toText(ownerId)} and a.expired_at is null`.execute(db);
      return rows[0] && toShelved(rows[0]);
    },
    remove: (ownerId, id) => removeAsset(db, ownerId, id),
  };
}

async function listAssets(db: Kysely<Tables>, filter: AssetFilter): Promise<AssetPage> {
  const { limit, jobId } = filter;
  if (jobId !== undefined && !isId(jobId)) return { assets: [] };
  const { rows } = await sql<ShelvedRow>`
    select ${columns} from comfy.assets a join comfy.blobs b using (sha256)
    where ${sql.join(toConditions(filter), sql` and `)}
    order by a.created_at desc, a.id desc limit ${limit + 1}`.execute(db);
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return {
    assets: page.map(toShelved),
    ...(rows.length > limit && last && { nextCursor: `${last.created_us}_${last.id}` }),
  };
}

function toConditions({ ownerId, source, type, jobId, cursor }: AssetFilter): RawBuilder<unknown>[] {
  const conditions = [sql`a.owner_id = ${toText(ownerId)}`, sql`a.expired_at is null`];
  if (source !== undefined) conditions.push(sql`a.source = ${source}`);
  if (type?.includes("/")) conditions.push(sql`a.type = ${toText(type)}`);
  else if (type !== undefined) conditions.push(sql`starts_with(a.type, ${`${toText(type)}/`})`);
  if (jobId !== undefined) conditions.push(sql`a.job_id = ${jobId}::uuid`);
  if (cursor !== undefined) conditions.push(toCondition(cursor));
  return conditions;
}

/** A cursor is when the last file that was shown came, and its id. */
function toCondition(cursor: string): RawBuilder<unknown> {
  const [, microseconds, id = ""] = /^(\d{1,17})_(.+)$/.exec(cursor) ?? [];
  if (microseconds === undefined || !isId(id)) {
    throw new AppError("invalid_input", "The cursor is not one that a page of this list ended with.", {
      details: [{ path: "?cursor", message: "is not a cursor of this list" }],
    });
  }
  const time = sql`timestamptz 'epoch' + ${microseconds}::bigint * interval '1 microsecond'`;
  return sql`(a.created_at, a.id) < (${time}, ${id}::uuid)`;
}

async function removeAsset(db: Kysely<Tables>, ownerId: string, id: string) {
  if (!isId(id)) return "unknown";
  try {
    const { rows } = await sql<{ is_used: boolean }>`
      with target as materialized (
        select a.id, exists (
          select from comfy.job_inputs i join comfy.jobs j on j.id = i.job_id
          where i.asset_id = a.id and j.completed_at is null
        ) as is_used
        from comfy.assets a where a.id = ${id}::uuid and a.owner_id = ${toText(ownerId)} for update
      ),
      -- Jobs that have ended need their inputs no more.
      released as (
        delete from comfy.job_inputs i using target t where i.asset_id = t.id and not t.is_used
      ),
      gone as (
        delete from comfy.assets a using target t where a.id = t.id and not t.is_used
      )
      select is_used from target`.execute(db);
    if (!rows[0]) return "unknown";
    return rows[0].is_used ? "in_use" : "removed";
  } catch (error) {
    // A job was accepted with it in the same moment.
    if (sqlStateOf(error) === FOREIGN_KEY_VIOLATION) return "in_use";
    throw error;
  }
}

function toShelved(row: ShelvedRow): ShelvedAsset {
  return {
    id: row.id,
    ownerId: row.owner_id,
    ...(row.job_id !== null && { jobId: row.job_id }),
    name: row.name,
    type: row.type,
    source: row.source,
    sizeBytes: row.size_bytes,
    sha256: row.sha256,
    createdAtMs: row.created_at.getTime(),
  };
}
