import { type Kysely, sql } from "kysely";

/**
 * Everything the schema consists of, one line each: columns, rules, indexes, triggers, functions. Where a column stands in its table is not
 * part of it, because a table that was changed has the new ones last.
 */
export async function describeSchema<DB>(db: Kysely<DB>): Promise<readonly string[]> {
  const { rows } = await sql<{ line: string }>`
    with tables as (
      select c.oid, c.relname from pg_class c where c.relnamespace = 'comfy'::regnamespace and c.relkind in ('r', 'p')
    )
    select format('table %s: options %s', c.relname, c.reloptions) as line
    from tables t join pg_class c on c.oid = t.oid
    union all
    select format('column %s.%s: %s, collation %s, not null %s, default %s, identity %s', t.relname, a.attname,
      format_type(a.atttypid, a.atttypmod), a.attcollation::regcollation, a.attnotnull, pg_get_expr(d.adbin, d.adrelid), a.attidentity)
    from tables t join pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
      left join pg_attrdef d on d.adrelid = t.oid and d.adnum = a.attnum
    union all
    select format('rule %s.%s: %s', t.relname, c.conname, pg_get_constraintdef(c.oid))
    from tables t join pg_constraint c on c.conrelid = t.oid where c.contype <> 'n'
    union all
    select format('index %s: %s', t.relname, pg_get_indexdef(i.indexrelid))
    from tables t join pg_index i on i.indrelid = t.oid
    union all
    select format('trigger %s: %s', t.relname, pg_get_triggerdef(g.oid))
    from tables t join pg_trigger g on g.tgrelid = t.oid where not g.tgisinternal
    union all
    select format('function %s', pg_get_functiondef(p.oid)) from pg_proc p where p.pronamespace = 'comfy'::regnamespace
    order by line`.execute(db);
  return rows.map(({ line }) => line);
}

/** Every row of every table, as JSON. */
export async function readRows<DB>(db: Kysely<DB>): Promise<ReadonlyMap<string, readonly Record<string, unknown>[]>> {
  const tables = await sql<{ name: string }>`
    select relname as name from pg_class where relnamespace = 'comfy'::regnamespace and relkind = 'r'`.execute(db);
  const found = new Map<string, readonly Record<string, unknown>[]>();
  for (const { name } of tables.rows) {
    // Printed, because jsonb takes no escaped zero characters.
    const { rows } = await sql<{ row: string }>`
      select row_to_json(t)::text as row from ${sql.table(`comfy.${name}`)} t`.execute(db);
    found.set(
      name,
      rows.map(({ row }) => JSON.parse(row) as Record<string, unknown>),
    );
  }
  return found;
}
