import { type Kysely, type RawBuilder, sql } from "kysely";
import type { AuditEntry } from "../../access/audit-log.ts";
import type {
  KeyAddress,
  KeyFilter,
  KeyMark,
  KeyPage,
  KeyRecord,
  KeyStore,
  LiveKey,
  NewKey,
  Rotation,
} from "../../access/key-store.ts";
import { isId } from "../../ids.ts";
import { insertAuditEntry } from "./audit-log.ts";
import { isLive, type KeyRow, keyColumns, type LiveKeyRow, toKey, toLiveKey } from "./key-rows.ts";
import { parseIdCursor } from "./parse-cursor.ts";
import type { Tables } from "./tables.ts";
import { toText } from "./write-values.ts";

/** Keys that the service made. The key and the token are kept as hashes, the secret is sealed. */
export function createKeyStore(db: Kysely<Tables>): KeyStore {
  return {
    insert: (key, liveKeysMax, entry) => change(db, toInsert(key, liveKeysMax), entry),
    findLive: (mark) => findLive(db, mark),
    find: (address) => findOne(db, address),
    list: (filter) => list(db, filter),
    rotate: async (rotation, entry) => (isId(rotation.id) ? change(db, toRotation(rotation), entry) : undefined),
    async revoke(address, entry) {
      if (!isId(address.id)) return undefined;
      const revoked = await change(db, toRevocation(address), entry);
      return revoked ?? findOne(db, address);
    },
    setReplayGuard: async (id, isGuarded, entry) =>
      isId(id)
        ? change(
            db,
            sql`update comfy.api_keys k set is_replay_guarded = ${isGuarded} where k.id = ${id}::uuid returning ${keyColumns}`,
            entry,
          )
        : undefined,
    readSecrets: (id) => readSecrets(db, id),
    noteUses: (uses) => noteUses(db, uses),
  };
}

/** A change and what the audit log says of it are written together or not at all; nothing is said of what changed nothing. */
async function change(
  db: Kysely<Tables>,
  statement: RawBuilder<unknown>,
  entry: AuditEntry,
): Promise<KeyRecord | undefined> {
  return db.transaction().execute(async (trx) => {
    const { rows } = await sql<KeyRow>`${statement}`.execute(trx);
    const [row] = rows;
    if (!row) return undefined;
    await insertAuditEntry(trx, { ...entry, ownerId: row.owner_id });
    return toKey(row);
  });
}

/** Two that are made at the same moment may be one more than the limit: it keeps tables small and is no promise. */
function toInsert(key: NewKey, liveKeysMax: number): RawBuilder<unknown> {
  const owner = toText(key.ownerId);
  return sql`
    insert into comfy.api_keys as k (
      id, owner_id, user_id, name, mode, key_hash, hint, secret_enc, token_hash, scopes, tier, made_by, expires_at
    )
    select ${key.id}::uuid, ${owner}, ${key.userId ?? null}::uuid, ${toText(key.name)}, ${key.mode}, ${key.keyHash},
      ${key.hint}, ${key.secretSealed}::bytea, ${key.tokenHash ?? null}, ${key.scopes}::text[], ${key.tier},
      ${toText(key.madeBy)}, ${toTime(key.expiresAtMs)}
    where (select count(*) from comfy.api_keys k where k.owner_id = ${owner} and ${isLive}) < ${liveKeysMax}
    returning ${keyColumns}`;
}

const toTime = (ms: number | undefined) =>
  ms === undefined ? sql`null::timestamptz` : sql`to_timestamp(${ms}::float8 / 1000)`;

function isMarked(mark: KeyMark): RawBuilder<unknown> | undefined {
  if ("keyHash" in mark) return sql`k.key_hash = ${mark.keyHash}`;
  if ("id" in mark) return isId(mark.id) ? sql`k.id = ${mark.id}::uuid` : undefined;
  const { tokenHash } = mark;
  return sql`(k.token_hash = ${tokenHash} or (k.previous_token_hash = ${tokenHash} and k.previous_until > clock_timestamp()))`;
}

async function findLive(db: Kysely<Tables>, mark: KeyMark): Promise<LiveKey | undefined> {
  const marked = isMarked(mark);
  if (!marked) return undefined;
  const { rows } = await sql<LiveKeyRow>`
    select ${keyColumns}, k.secret_enc,
      case when k.previous_until > clock_timestamp() then k.previous_secret_enc end as previous_secret_enc,
      u.tier as user_tier, u.role as user_role
    from comfy.api_keys k left join comfy.users u on u.id = k.user_id
    where ${marked} and ${isLive} and (k.user_id is null or (u.id is not null and u.disabled_at is null))`.execute(db);
  return rows[0] && toLiveKey(rows[0]);
}

const isAt = ({ id, ownerId }: KeyAddress) =>
  ownerId === undefined ? sql`k.id = ${id}::uuid` : sql`k.id = ${id}::uuid and k.owner_id = ${toText(ownerId)}`;

async function findOne(db: Kysely<Tables>, address: KeyAddress): Promise<KeyRecord | undefined> {
  if (!isId(address.id)) return undefined;
  const { rows } = await sql<KeyRow>`select ${keyColumns} from comfy.api_keys k where ${isAt(address)}`.execute(db);
  return rows[0] && toKey(rows[0]);
}

async function list(db: Kysely<Tables>, { ownerId, limit, cursor }: KeyFilter): Promise<KeyPage> {
  const conditions = [sql`true`];
  if (ownerId !== undefined) conditions.push(sql`k.owner_id = ${toText(ownerId)}`);
  if (cursor !== undefined) conditions.push(sql`k.id < ${parseIdCursor(cursor)}::uuid`);
  const { rows } = await sql<KeyRow>`
    select ${keyColumns} from comfy.api_keys k where ${sql.join(conditions, sql` and `)}
    order by k.id desc limit ${limit + 1}`.execute(db);
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return { keys: page.map(toKey), ...(rows.length > limit && last && { nextCursor: last.id }) };
}

/** Without an overlap nothing is left of what is replaced. */
function toRotation({ id, secretSealed, tokenHash, overlapMs }: Rotation): RawBuilder<unknown> {
  const sets = [sql`rotated_at = clock_timestamp()`];
  const kept = (column: RawBuilder<unknown>) => (overlapMs > 0 ? column : sql`null`);
  sets.push(
    overlapMs > 0
      ? sql`previous_until = clock_timestamp() + ${overlapMs} * interval '1 millisecond'`
      : sql`previous_until = null`,
  );
  if (secretSealed)
    sets.push(sql`secret_enc = ${secretSealed}::bytea`, sql`previous_secret_enc = ${kept(sql`k.secret_enc`)}`);
  if (tokenHash !== undefined)
    sets.push(sql`token_hash = ${tokenHash}`, sql`previous_token_hash = ${kept(sql`k.token_hash`)}`);
  return sql`
    update comfy.api_keys k set ${sql.join(sets)} where k.id = ${id}::uuid and ${isLive} returning ${keyColumns}`;
}

/** What could still be opened with is removed with it, but for the secret: its webhooks that are owed are signed with it. */
function toRevocation(address: KeyAddress): RawBuilder<unknown> {
  return sql`
    update comfy.api_keys k set revoked_at = clock_timestamp(), previous_token_hash = null
    where ${isAt(address)} and k.revoked_at is null returning ${keyColumns}`;
}

async function readSecrets(db: Kysely<Tables>, id: string): Promise<readonly Uint8Array[]> {
  if (!isId(id)) return [];
  const { rows } = await sql<Pick<LiveKeyRow, "secret_enc" | "previous_secret_enc">>`
    select k.secret_enc, case when k.previous_until > clock_timestamp() then k.previous_secret_enc end as previous_secret_enc
    from comfy.api_keys k where k.id = ${id}::uuid`.execute(db);
  return rows.flatMap(({ secret_enc, previous_secret_enc }) =>
    previous_secret_enc ? [secret_enc, previous_secret_enc] : [secret_enc],
  );
}

async function noteUses(db: Kysely<Tables>, uses: ReadonlyMap<string, number>): Promise<void> {
  if (uses.size === 0) return;
  // Rows are locked in one order, or two processes that note the same keys could wait for each other.
  const entries = [...uses].sort(([left], [right]) => (left < right ? -1 : 1));
  await sql`
    with used as (
      select k.id, u.at from unnest(${entries.map(([id]) => id)}::uuid[], ${entries.map(([, ms]) => ms / 1000)}::float8[]) as u (id, at)
      join comfy.api_keys k on k.id = u.id order by k.id for no key update of k
    )
    update comfy.api_keys k set last_used_at = greatest(k.last_used_at, to_timestamp(used.at))
    from used where k.id = used.id`.execute(db);
}
