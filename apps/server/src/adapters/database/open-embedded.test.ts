import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { silentLog } from "../../log.ts";
import { createDatabase } from "./create-database.ts";
import { migrations } from "./migrations/index.ts";
import { migrate } from "./migrations/migrate.ts";
import { runUpkeep } from "./upkeep.ts";

describe("the embedded database", () => {
  let root: string;
  let directory: string;
  const open = (onDeath?: (cause: Error) => void) =>
    createDatabase({ directory, log: silentLog, ...(onDeath && { onDeath }) });

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), "comfy-embedded-"));
    directory = join(root, "database");
    await mkdir(join(directory, "partial-killed"), { recursive: true, mode: 0o755 });
    await writeFile(join(directory, "partial-killed", "half"), "");
    await (await open()).close();
  }, 120_000);
  afterAll(() => rm(root, { recursive: true }));

  it("is made whole or not at all, in a directory that is ours alone", async () => {
    expect((await readdir(directory)).sort()).toEqual(["lock-1", "pglite"]);
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
  });

  it("refuses a second one on the same directory and opens again after the first closed", async () => {
    const database = await open();
    await expect(open()).rejects.toThrow("Another process works in");
    await database.close();
    const again = await open();
    expect(again.durability).toBe("process");
    await again.close();
  });

  it("gives a step of the schema more time than any other transaction", async () => {
    const fresh = { directory: join(root, "slow"), log: silentLog, transactionTimeoutMs: 1 };
    const database = await createDatabase(fresh);
    const held = database.db.transaction().execute(async (trx) => {
      await sql`select count(*) from generate_series(1, 1000000)`.execute(trx);
      await sql`select 1`.execute(trx);
    });
    await expect(held).rejects.toThrow("took too long");
    await database.close();
  }, 60_000);

  it("is vacuumed and analysed wherever rows died or came, and nowhere else", async () => {
    const database = await open();
    const { db } = database;
    await sql`insert into comfy.blobs (sha256, size_bytes, location)
      select lpad(n::text, 64, '0'), 1, n::text from generate_series(1, 200) n`.execute(db);
    await sql`update comfy.blobs set touched_at = clock_timestamp()`.execute(db);
    await runUpkeep(db, { isVacuumed: true });
    await sql`select pg_stat_force_next_flush()`.execute(db);
    const { rows } = await sql`
      select relname, n_dead_tup, last_analyze is not null as is_analysed from pg_stat_user_tables
      where last_vacuum is not null and schemaname = 'comfy'`.execute(db);
    expect(rows).toEqual([{ relname: "blobs", n_dead_tup: 0, is_analysed: true }]);
    await database.close();
  });

  it("keeps the event loop free while a statement runs", async () => {
    const database = await open();
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    await sql`select count(*) from generate_series(1, 2000000)`.execute(database.db);
    clearInterval(timer);
    await database.close();
    expect(ticks).toBeGreaterThan(3);
  });

  it("keeps the statements of two transactions apart", async () => {
    const database = await open();
    const { db } = database;
    const insert = (name: string, isKept: boolean) =>
      db.transaction().execute(async (trx) => {
        await trx.insertInto("comfy.settings").values({ name, value: name }).execute();
        await trx.selectFrom("comfy.settings").selectAll().execute();
        if (!isKept) throw new Error("undone");
      });
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, (_, n) => insert(`setting-${n}`, n % 2 === 0)),
    );
    expect(outcomes.filter(({ status }) => status === "rejected")).toHaveLength(10);
    const rows = await db.selectFrom("comfy.settings").select("name").where("name", "like", "setting-%").execute();
    expect(rows).toHaveLength(10);
    await database.close();
  });

  it("works on after statements that fail: bad SQL, bad values, a broken rule", async () => {
    const database = await open();
    const { db } = database;
    await expect(sql`select nonsense from nowhere where a = ${1}`.execute(db)).rejects.toMatchObject({ code: "42P01" });
    await expect(sql`select ${"x"}::uuid`.execute(db)).rejects.toMatchObject({ code: "22P02" });
    await expect(sql`select ${"a\0b"}::text`.execute(db)).rejects.toThrow();
    const setting = () => db.insertInto("comfy.settings").values({ name: "twice", value: "" }).execute();
    await setting();
    await expect(setting()).rejects.toMatchObject({ code: "23505", constraint: "settings_pkey" });
    expect((await sql<{ n: number }>`select ${2 ** 53 - 1}::bigint as n`.execute(db)).rows).toEqual([
      { n: 2 ** 53 - 1 },
    ]);
    await database.close();
  });

  it("runs each schema step once, and refuses a schema that it does not know or that was edited", async () => {
    const database = await open();
    expect(await migrate(database.db, migrations)).toEqual([]);
    await expect(migrate(database.db, migrations.slice(0, 1))).rejects.toThrow("made by a newer one");
    const edited = migrations.map((migration) => ({ ...migration, sql: `${migration.sql} ` }));
    await expect(migrate(database.db, edited)).rejects.toThrow("was edited");
    const broken = { id: "9999-broken", sql: "create table comfy.half (id text); select nonsense" };
    await expect(migrate(database.db, [...migrations, broken])).rejects.toThrow();
    const { rows } = await sql`select 1 from pg_tables where tablename = 'half'`.execute(database.db);
    expect(rows).toEqual([]);
    await database.close();
  });
});
