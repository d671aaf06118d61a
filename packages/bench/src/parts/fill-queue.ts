import { Client } from "pg";

/**
 * Makes so many jobs wait besides those that do, as copies of one that waits: accepting a hundred thousand would take an hour. The
 * statistics are brought up to date, as autovacuum would within a minute.
 */
export async function fillQueue(databaseUrl: string, count: number): Promise<void> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ name: string }>(
      `select quote_ident(column_name) as name from information_schema.columns
       where table_schema = 'comfy' and table_name = 'jobs' and is_identity = 'NO' and column_name <> 'id'`,
    );
    const columns = rows.map(({ name }) => name).join(", ");
    await client.query(
      `insert into comfy.jobs (id, ${columns})
       select gen_random_uuid(), ${columns}
       from (select * from comfy.jobs where state = 'pending' and lease_holder is null order by seq desc limit 1) one,
         generate_series(1, $1::integer)`,
      [count],
    );
    await client.query("vacuum analyze comfy.jobs");
  } finally {
    await client.end();
  }
}

/** Jobs that wait. */
export async function countWaiting(databaseUrl: string): Promise<number> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ count: number }>(
      "select count(*)::integer as count from comfy.jobs where state = 'pending' and lease_holder is null",
    );
    return rows[0]?.count ?? 0;
  } finally {
    await client.end();
  }
}
