import {
  CompiledQuery,
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  sql,
} from "kysely";
import type { Database } from "../../src/adapters/database/create-database.ts";

type Db = Database["db"];

/** The statements that `run` would send, in order, without a database. */
export async function collectStatements(run: (db: Db) => Promise<unknown>): Promise<CompiledQuery[]> {
  const statements: CompiledQuery[] = [];
  const db: Db = new Kysely({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (own) => new PostgresIntrospector(own),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
    log: ({ query }) => void statements.push(query),
  });
  // It finds no rows where there must be some.
  await run(db).catch(() => undefined);
  return statements;
}

interface Plan {
  readonly "QUERY PLAN": readonly [
    { readonly Plan: { readonly "Shared Hit Blocks": number; readonly "Shared Read Blocks": number } },
  ];
}

/** Carries a statement out, counts the pages it looked at, and undoes it. */
export async function countPages({ db }: Database, statement: CompiledQuery): Promise<number> {
  let pages = 0;
  const undone = new Error("undone");
  await db
    .transaction()
    .execute(async (trx) => {
      const explain = CompiledQuery.raw(`explain (analyze, buffers, format json) ${statement.sql}`, [
        ...statement.parameters,
      ]);
      const { rows } = await trx.executeQuery<Plan>(explain);
      const plan = rows[0]?.["QUERY PLAN"][0].Plan;
      if (!plan) throw new Error("A statement was not explained.");
      pages = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"];
      throw undone;
    })
    .catch((error: unknown) => {
      if (error !== undone) throw error;
    });
  return pages;
}

/** Lets that many jobs wait, of so many owners. */
export async function fillQueue({ db }: Database, jobs: number, owners: number): Promise<void> {
  await sql`
    insert into comfy.jobs (
      id, owner_id, key_id, kind, plan, is_uploaded_to_cloud, is_abandonable, request_id, deadline_at, needs
    )
    select gen_random_uuid(), 'env:' || n % ${owners}::integer, 'key', 'portrait', '{"seed":1}', true, true, 'r',
      clock_timestamp() + interval '1 hour', 'image/' || n % 3
    from generate_series(1, ${jobs}::integer) n`.execute(db);
  await sql`
    insert into comfy.owner_queue (owner_id, concurrent_jobs, vtime)
    select 'env:' || n, case when n % 2 = 0 then 4 end, n from generate_series(0, ${owners}::integer - 1) n
    on conflict (owner_id) do update set has_waiting = true`.execute(db);
  for (const table of ["jobs", "owner_queue"]) await sql`analyze ${sql.table(`comfy.${table}`)}`.execute(db);
}
