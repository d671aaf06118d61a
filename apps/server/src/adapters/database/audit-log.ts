import { type Kysely, sql } from "kysely";
import type {
  AuditEntry,
  AuditFilter,
  AuditLog,
  AuditPage,
  AuditReader,
  RecordedEntry,
} from "../../access/audit-log.ts";
import { parseSeqCursor } from "./parse-cursor.ts";
import type { Tables } from "./tables.ts";
import { toJson, toText, toTextOrNull } from "./write-values.ts";

interface AuditRow {
  readonly seq: number;
  readonly created_at: Date;
  readonly actor_id: string;
  readonly action: string;
  readonly subject: string;
  readonly owner_id: string | null;
  readonly details: RecordedEntry["details"] | null;
  readonly ip: string | null;
  readonly request_id: string | null;
}

/** Adds an entry, in the transaction of what it tells when that is given. */
export async function insertAuditEntry(db: Kysely<Tables>, entry: AuditEntry): Promise<void> {
  const { actorId, action, subject, ownerId, details, ip, requestId } = entry;
  await sql`
    insert into comfy.audit_log (actor_id, action, subject, owner_id, details, ip, request_id)
    values (${toText(actorId)}, ${toText(action)}, ${toText(subject)}, ${toTextOrNull(ownerId)},
      ${details === undefined ? null : toJson(details)}, ${toTextOrNull(ip)}, ${toTextOrNull(requestId)})`.execute(db);
}

/** Who did what, in a table that only grows. */
export function createAuditLog(db: Kysely<Tables>): AuditLog & AuditReader {
  return {
    record: (entry) => insertAuditEntry(db, entry),
    list: (filter) => listEntries(db, filter),
  };
}

async function listEntries(db: Kysely<Tables>, filter: AuditFilter): Promise<AuditPage> {
  const { actorId, action, subject, ownerId, createdAfterMs, createdBeforeMs, cursor, limit } = filter;
  const conditions = [sql`true`];
  if (actorId !== undefined) conditions.push(sql`a.actor_id = ${toText(actorId)}`);
  if (action !== undefined) conditions.push(sql`a.action = ${toText(action)}`);
  if (subject !== undefined) conditions.push(sql`a.subject = ${toText(subject)}`);
  if (ownerId !== undefined) conditions.push(sql`a.owner_id = ${toText(ownerId)}`);
  if (createdAfterMs !== undefined) conditions.push(sql`a.created_at > ${toTime(createdAfterMs)}`);
  if (createdBeforeMs !== undefined) conditions.push(sql`a.created_at < ${toTime(createdBeforeMs)}`);
  if (cursor !== undefined) conditions.push(sql`a.seq < ${parseSeqCursor(cursor)}::bigint`);
  const { rows } = await sql<AuditRow>`
    select a.* from comfy.audit_log a where ${sql.join(conditions, sql` and `)}
    order by a.seq desc limit ${limit + 1}`.execute(db);
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return { entries: page.map(toEntry), ...(rows.length > limit && last && { nextCursor: String(last.seq) }) };
}

const toTime = (ms: number) => sql`to_timestamp(${ms}::float8 / 1000)`;

function toEntry(row: AuditRow): RecordedEntry {
  return {
    id: String(row.seq),
    createdAtMs: row.created_at.getTime(),
    actorId: row.actor_id,
    action: row.action,
    subject: row.subject,
    ...(row.owner_id !== null && { ownerId: row.owner_id }),
    ...(row.details && { details: row.details }),
    ...(row.ip !== null && { ip: row.ip }),
    ...(row.request_id !== null && { requestId: row.request_id }),
  };
}
