import { type Kysely, sql } from "kysely";
import type { NewUpload, OpenLimits, ReceivedPart, Upload, UploadKey, UploadStore } from "../../assets/upload-store.ts";
import { isId } from "../../ids.ts";
import type { Tables } from "./tables.ts";
import { toText, toTextOrNull } from "./write-values.ts";

interface UploadRow {
  readonly id: string;
  readonly owner_id: string;
  readonly name: string;
  readonly size_bytes: number;
  readonly part_size_bytes: number;
  readonly type: string | null;
  readonly sha256: string | null;
  readonly is_location_stripped: boolean;
  readonly sent_bytes: number;
  readonly asset_id: string | null;
  readonly completed_at: Date | null;
  readonly expires_at: Date;
  readonly parts: readonly ReceivedPart[] | null;
}

const isAlive = sql`u.expires_at > clock_timestamp()`;

export function createUploadStore(db: Kysely<Tables>): UploadStore {
  return {
    claimKey: (key) => claimKey(db, key),
    open: (upload, ttlMs, limits) => openUpload(db, upload, ttlMs, limits),
    find: (id) => findUpload(db, id),
    async reserve(uploadId, sizeBytes, sentBytesMax) {
      const { rows } = await sql`
        update comfy.uploads u set sent_bytes = u.sent_bytes + ${sizeBytes}::bigint
        where u.id = ${uploadId}::uuid and u.completed_at is null and ${isAlive}
          and u.sent_bytes + ${sizeBytes}::bigint <= ${sentBytesMax}::bigint
        returning 1`.execute(db);
      return rows.length > 0;
    },
    async release(uploadId, sizeBytes) {
      await sql`
        update comfy.uploads set sent_bytes = sent_bytes - ${sizeBytes}::bigint where id = ${uploadId}::uuid`.execute(
        db,
      );
    },
    putPart: (uploadId, part) => putPart(db, uploadId, part),
    async complete(id, assetId) {
      await sql`
        update comfy.uploads set asset_id = ${assetId}::uuid, completed_at = coalesce(completed_at, clock_timestamp())
        where id = ${id}::uuid`.execute(db);
    },
    async remove(id) {
      await sql`delete from comfy.uploads where id = ${id}::uuid`.execute(db);
    },
  };
}

async function claimKey(db: Kysely<Tables>, { ownerId, keyHash, fingerprint }: UploadKey): Promise<string | undefined> {
  const { rows } = await sql<{ id: string; fingerprint: string }>`
    insert into comfy.upload_keys as k (owner_id, key_hash, fingerprint)
    values (${toText(ownerId)}, ${keyHash}, ${fingerprint})
    on conflict (owner_id, key_hash) do update set fingerprint = k.fingerprint
    returning k.id, k.fingerprint`.execute(db);
  return rows[0]?.fingerprint === fingerprint ? rows[0].id : undefined;
}

/** The lock makes the uploads of one owner open one after the other; what is counted is counted in a later statement, which sees them all. */
function openUpload(db: Kysely<Tables>, upload: NewUpload, ttlMs: number, limits: OpenLimits) {
  const owner = toText(upload.ownerId);
  return db.transaction().execute(async (transaction) => {
    await sql`select pg_advisory_xact_lock(hashtextextended(${`upload:${owner}`}, 0))`.execute(transaction);
    const { rows } = await sql<{ count: number; size_bytes: number; is_known: boolean }>`
      select count(*)::integer as count, coalesce(sum(u.size_bytes), 0)::float8 as size_bytes,
        exists (select from comfy.uploads u where u.id = ${upload.id}::uuid and ${isAlive}) as is_known
      from comfy.uploads u where u.owner_id = ${owner} and u.completed_at is null and ${isAlive}`.execute(transaction);
    const open = rows[0] ?? { count: 0, size_bytes: 0, is_known: false };
    if (open.is_known) return "known";
    if (open.count >= limits.countMax) return "too_many";
    if (open.size_bytes + upload.sizeBytes > limits.sizeBytesMax) return "too_large";
    // One of the same id has expired, and was not swept yet.
    await sql`delete from comfy.uploads where id = ${upload.id}::uuid`.execute(transaction);
    await sql`
      insert into comfy.uploads (
        id, owner_id, name, size_bytes, part_size_bytes, type, sha256, is_location_stripped, expires_at
      ) values (
        ${upload.id}::uuid, ${owner}, ${toText(upload.name)}, ${upload.sizeBytes}::bigint, ${upload.partSizeBytes},
        ${toTextOrNull(upload.type)}, ${toTextOrNull(upload.sha256)}, ${upload.isLocationStripped},
        clock_timestamp() + ${ttlMs} * interval '1 millisecond'
      )`.execute(transaction);
    return "opened";
  });
}

async function findUpload(db: Kysely<Tables>, id: string): Promise<Upload | undefined> {
  if (!isId(id)) return undefined;
  const { rows } = await sql<UploadRow>`
    select u.*, (
      select json_agg(json_build_object('n', p.n, 'sha256', p.sha256, 'sizeBytes', p.size_bytes, 'location', p.location)
        order by p.n)
      from comfy.upload_parts p where p.upload_id = u.id
    ) as parts
    from comfy.uploads u where u.id = ${id}::uuid and ${isAlive}`.execute(db);
  return rows[0] && toUpload(rows[0]);
}

/** The bytes are known as a blob in the same statement: what nobody completes is found by whoever sweeps blobs. */
async function putPart(db: Kysely<Tables>, uploadId: string, part: ReceivedPart): Promise<boolean> {
  const { n, sha256, sizeBytes, location } = part;
  const { rows } = await sql`
    with blob as (
      insert into comfy.blobs (sha256, size_bytes, location)
      values (${sha256}, ${sizeBytes}::bigint, ${toText(location)})
      on conflict (sha256) do update set touched_at = clock_timestamp(), location = excluded.location, state = 'live'
    ),
    upload as (
      select u.id from comfy.uploads u
      where u.id = ${uploadId}::uuid and u.completed_at is null and ${isAlive}
      -- Nobody completes it in the meantime.
      for no key update
    )
    insert into comfy.upload_parts (upload_id, n, sha256, size_bytes, location)
    select id, ${n}::integer, ${sha256}, ${sizeBytes}::integer, ${toText(location)} from upload
    on conflict (upload_id, n) do update set
      sha256 = excluded.sha256, size_bytes = excluded.size_bytes, location = excluded.location
    returning 1`.execute(db);
  return rows.length > 0;
}

/** Forgets uploads that nobody completed in time, and keys a day after they came. */
export async function runUploadUpkeep(db: Kysely<Tables>): Promise<void> {
  await sql`delete from comfy.uploads where expires_at < statement_timestamp()`.execute(db);
  await sql`delete from comfy.upload_keys where created_at < statement_timestamp() - interval '24 hours'`.execute(db);
}

function toUpload(row: UploadRow): Upload {
  return {
    id: row.id,
    ownerId: row.owner_id,
    name: row.name,
    sizeBytes: row.size_bytes,
    partSizeBytes: row.part_size_bytes,
    ...(row.type !== null && { type: row.type }),
    ...(row.sha256 !== null && { sha256: row.sha256 }),
    isLocationStripped: row.is_location_stripped,
    sentBytes: row.sent_bytes,
    ...(row.asset_id !== null && { assetId: row.asset_id }),
    isCompleted: row.completed_at !== null,
    expiresAtMs: row.expires_at.getTime(),
    parts: row.parts ?? [],
  };
}
