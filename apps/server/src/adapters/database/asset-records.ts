import { type Kysely, sql } from "kysely";
import type { Asset } from "../../assets/asset.ts";
import type { AssetRecords } from "../../assets/asset-records.ts";
import { isId } from "../../ids.ts";
import { toPlace } from "./blob-place.ts";
import type { Tables } from "./tables.ts";
import { toText } from "./write-values.ts";

interface AssetRow {
  readonly id: string;
  readonly owner_id: string;
  readonly job_id: string | null;
  readonly name: string;
  readonly type: string;
  readonly size_bytes: number;
  readonly sha256: string;
  readonly location: string;
  readonly created_at: Date;
}

export function createAssetRecords(db: Kysely<Tables>): AssetRecords {
  return {
    async insert(ownerId, { id, name, type, source, blob }) {
      const { rows } = await sql<AssetRow>`
        with b as (
          insert into comfy.blobs as b (sha256, size_bytes, location)
          values (${blob.sha256}, ${blob.sizeBytes}::bigint, ${toText(blob.location)})
          on conflict (sha256) do update set touched_at = clock_timestamp(), state = 'live', ${toPlace(blob)}
          returning *
        ),
        a as (
          insert into comfy.assets (id, owner_id, sha256, name, type, source)
          select ${id}::uuid, ${toText(ownerId)}, b.sha256, ${toText(name)}, ${toText(type)}, ${source} from b
          -- A file that has expired may come again under the same id.
          on conflict (id) do update set
            sha256 = excluded.sha256, name = excluded.name, type = excluded.type, expired_at = null, created_at = clock_timestamp()
          where assets.expired_at is not null and assets.owner_id = excluded.owner_id
          returning *
        )
        select ${assetColumns} from a join b using (sha256)`.execute(db);
      const [row] = rows;
      if (!row) throw new Error(`The asset ${id} was not written.`);
      return toAsset(row);
    },
    async find(id) {
      if (!isId(id)) return undefined;
      const { rows } = await sql<AssetRow>`
        select ${assetColumns} from comfy.assets a join comfy.blobs b using (sha256) 
        where a.id = ${id}::uuid and a.expired_at is null`.execute(db);
      const [row] = rows;
      return row && { ...toAsset(row), location: row.location };
    },
  };
}

const assetColumns = sql`
  a.id, a.owner_id, a.job_id, a.name, a.type, b.size_bytes, b.sha256, b.location, a.created_at`;

function toAsset(row: AssetRow): Asset {
  return {
    id: row.id,
    ownerId: row.owner_id,
    ...(row.job_id !== null && { jobId: row.job_id }),
    name: row.name,
    type: row.type,
    sizeBytes: row.size_bytes,
    sha256: row.sha256,
    createdAtMs: row.created_at.getTime(),
  };
}
