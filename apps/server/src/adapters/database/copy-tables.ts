import { type Kysely, sql, type Transaction } from "kysely";
import type { Tables } from "./tables.ts";

/** One table, or some of its rows. Values are written as PostgreSQL prints them, which every type reads back exactly. */
export type TablePiece =
  | { readonly table: string; readonly columns: readonly string[] }
  | { readonly rows: readonly (readonly (string | null)[])[] };

interface Table {
  readonly name: string;
  readonly columns: readonly { readonly name: string; readonly type: string; readonly isNumbered: boolean }[];
}

const ROWS_AT_ONCE = 100;

/** The steps of the schema that were applied, with their checksums. */
export async function readSteps(db: Kysely<Tables>): Promise<readonly string[]> {
  const { rows } = await sql<{ step: string }>`
    select id || ' ' || checksum as step from comfy.migrations order by id`.execute(db);
  return rows.map(({ step }) => step);
}

/** Whether a process holds a job or renders: what it writes meanwhile would be missing in a copy. */
export async function isWorkedOn(db: Kysely<Tables>): Promise<boolean> {
  const { rows } = await sql`
    select 1 from comfy.holders where expires_at > clock_timestamp()
    union all
    select 1 from comfy.jobs where lease_expires_at > clock_timestamp() limit 1`.execute(db);
  return rows.length > 0;
}

/** Every row of every table, as of one moment; tables that others refer to come first. */
export async function* readTables(db: Kysely<Tables>): AsyncGenerator<TablePiece> {
  const reader = await db.startTransaction().setIsolationLevel("repeatable read").setAccessMode("read only").execute();
  try {
    for (const { name, columns } of await listTables(reader)) {
      yield { table: name, columns: columns.map((column) => column.name) };
      // Columns of their own: an array of long texts is taken apart character by character.
      const texts = sql.join(columns.map((column, n) => sql`${sql.ref(column.name)}::text as ${sql.ref(`c${n}`)}`));
      await sql`declare piece no scroll cursor for select ${texts} from ${sql.table(`comfy.${name}`)}`.execute(reader);
      for (;;) {
        const { rows } = await sql<Record<string, string | null>>`
          fetch ${sql.lit(ROWS_AT_ONCE)} from piece`.execute(reader);
        if (rows.length > 0) yield { rows: rows.map((row) => columns.map((_, n) => row[`c${n}`] ?? null)) };
        if (rows.length < ROWS_AT_ONCE) break;
      }
      await sql`close piece`.execute(reader);
    }
  } finally {
    await reader.rollback().execute();
  }
}

/**
 * Writes what {@link readTables} gave into an empty database of the same schema: all of it or nothing.
 *
 * @throws Error with a sentence when the database is not empty or the tables are others
 */
export async function writeTables(db: Kysely<Tables>, pieces: AsyncIterable<TablePiece>): Promise<void> {
  await db.transaction().execute(async (trx) => {
    const tables = await listTables(trx);
    await assertEmpty(trx);
    let table: Table | undefined;
    for await (const piece of pieces) {
      if ("table" in piece) table = findTable(tables, piece);
      else if (table) await insertRows(trx, table, piece.rows);
    }
    for (const { name, columns } of tables) {
      for (const column of columns.filter(({ isNumbered }) => isNumbered))
        await sql`select setval(pg_get_serial_sequence(${`comfy.${name}`}, ${column.name}),
          (select coalesce(max(${sql.ref(column.name)}), 0) + 1 from ${sql.table(`comfy.${name}`)}), false)`.execute(
          trx,
        );
    }
  });
}

/** @throws Error with a sentence when there is a row in any table */
export async function assertEmpty(db: Kysely<Tables>): Promise<void> {
  for (const { name } of await listTables(db)) {
    const { rows } = await sql`select 1 from ${sql.table(`comfy.${name}`)} limit 1`.execute(db);
    if (rows.length > 0) throw new Error(`The database is not empty: there are rows in comfy.${name}.`);
  }
}

function findTable(
  tables: readonly Table[],
  piece: { readonly table: string; readonly columns: readonly string[] },
): Table {
  const table = tables.find(({ name }) => name === piece.table);
  // In the order of the file: a table that was changed has its columns in another one than a new table.
  const columns = piece.columns.flatMap((name) => table?.columns.find((column) => column.name === name) ?? []);
  if (!table || columns.length !== table.columns.length || columns.length !== piece.columns.length)
    throw new Error(`The table ${piece.table} of the file is not as it is in this version.`);
  return { name: table.name, columns };
}

async function insertRows(
  db: Transaction<Tables>,
  { name, columns }: Table,
  rows: readonly (readonly (string | null)[])[],
) {
  const names = sql.join(columns.map((column) => sql.ref(column.name)));
  const places = sql.join(columns.map((_, n) => sql`${sql.ref(`c${n}`)} text`));
  const values = sql.join(columns.map((column, n) => sql`${sql.ref(`c${n}`)}::${sql.raw(column.type)}`));
  // One parameter instead of thousands.
  const objects = rows.map((row) => Object.fromEntries(columns.map((_, n) => [`c${n}`, row[n] ?? null])));
  await sql`
    insert into ${sql.table(`comfy.${name}`)} (${names}) overriding system value
    select ${values} from json_to_recordset(${JSON.stringify(objects)}::json) as r(${places})`.execute(db);
}

/** Those that others refer to first. */
async function listTables(db: Kysely<Tables>): Promise<readonly Table[]> {
  const { rows } = await sql<Table & { references: readonly string[] }>`
    select c.relname as name,
      (select json_agg(json_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod),
        'isNumbered', a.attidentity <> '') order by a.attnum)
        from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns,
      (select coalesce(json_agg(distinct r.confrelid::regclass::text), '[]') from pg_constraint r
        where r.conrelid = c.oid and r.contype = 'f' and r.confrelid <> c.oid) as references
    from pg_class c
    where c.relnamespace = 'comfy'::regnamespace and c.relkind = 'r' and c.relname <> 'migrations' order by 1`.execute(
    db,
  );
  const left = new Map(rows.map((row) => [`comfy.${row.name}`, row]));
  const sorted: Table[] = [];
  while (left.size > 0) {
    const next = [...left.values()].find(({ references }) => !references.some((name) => left.has(name)));
    if (!next) throw new Error("Tables refer to each other in a circle.");
    left.delete(`comfy.${next.name}`);
    sorted.push(next);
  }
  return sorted;
}
