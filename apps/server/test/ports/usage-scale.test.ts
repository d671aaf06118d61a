import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createDatabase, type Database } from "../../src/adapters/database/create-database.ts";
import { removeEndedJobs } from "../../src/adapters/database/retention.ts";
import { createUsageStore } from "../../src/adapters/database/usage.ts";
import { silentLog } from "../../src/log.ts";
import { collectStatements, countPages } from "./explain.ts";
import { findPostgres, type PostgresServer, startPostgres } from "./start-postgres.ts";

const bin = findPostgres();
const JOBS = 50_000;

/** Jobs that ended over the last fifty days, of a hundred owners, with ids that begin with their time as ours do. */
async function fill({ db }: Database): Promise<void> {
  await sql`
    with made as (
      select n, now() - (${JOBS}::integer - n) * interval '86 seconds' as at from generate_series(1, ${JOBS}::integer) n
    ),
    job as (
      insert into comfy.jobs (id, owner_id, key_id, kind, state, plan, is_uploaded_to_cloud, is_abandonable, request_id, created_at,
        deadline_at, completed_at)
      select (lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || '7' || lpad(to_hex(n % 4096), 3, '0')
          || '8' || lpad(to_hex(n), 15, '0'))::uuid,
        'env:' || n % 100, 'key', 'portrait', 'complete', '{"seed":1}', true, true, 'r', at, at, at
      from made returning id, owner_id, completed_at
    )
    insert into comfy.usage (job_id, owner_id, key_id, kind, state, attempts, waited_ms, worked_ms, is_refunded, ended_at)
    select id, owner_id, 'key', 'portrait', 'complete', 1, 10, 20, false, completed_at from job`.execute(db);
  for (const table of ["jobs", "usage"]) await sql`vacuum analyze ${sql.table(`comfy.${table}`)}`.execute(db);
}

describe.skipIf(bin === undefined)("with 50,000 jobs that ended", () => {
  let server: PostgresServer;
  let database: Database;
  beforeAll(async () => {
    server = await startPostgres(bin ?? "");
    database = await createDatabase({ url: await server.createDatabase(), log: silentLog });
    await fill(database);
  }, 180_000);
  afterAll(async () => {
    await database?.close();
    await server?.stop();
  });

  it("a look for what is old enough to be removed reads no jobs that are not", async () => {
    const [statement] = await collectStatements((db) => removeEndedJobs(db, 90));
    if (!statement) throw new Error("No statement was sent.");
    expect(await countPages(database, statement)).toBeLessThan(100);
  });

  it("a report reads the rows of its owner and days alone", async () => {
    const day = (ago: number) => new Date(Date.now() - ago * 86_400_000).toISOString().slice(0, 10);
    const filter = { ownerId: "env:7", from: day(9), to: day(0), groupBy: ["day"] as const, rowsMax: 100 };
    const [statement] = await collectStatements((db) => createUsageStore(db).read(filter));
    if (!statement) throw new Error("No statement was sent.");
    // A hundred of its five hundred jobs.
    expect(await countPages(database, statement)).toBeLessThan(300);
    const rows = await createUsageStore(database.db).read(filter);
    expect(rows).toHaveLength(10);
  });

  it("removes what is old in small steps, and keeps the sums", async () => {
    const read = () =>
      createUsageStore(database.db).read({ from: "2000-01-01", to: "2100-01-01", groupBy: ["key"], rowsMax: 9 });
    const before = await read();
    const statements = await collectStatements((db) => removeEndedJobs(db, 40));
    expect(statements.some(({ parameters }) => parameters.includes(100))).toBe(true);
    const removed = await removeEndedJobs(database.db, 49);
    expect(removed).toBeGreaterThan(500);
    expect(await read()).toEqual(before);
  }, 60_000);
});
