import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Kysely, PostgresDialect, sql } from "kysely";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createJobStore } from "../../src/adapters/database/job-store.ts";
import { migrations } from "../../src/adapters/database/migrations/index.ts";
import { migrate } from "../../src/adapters/database/migrations/migrate.ts";
import { openEmbedded } from "../../src/adapters/database/open-embedded.ts";
import { openServer } from "../../src/adapters/database/open-server.ts";
import type { Tables } from "../../src/adapters/database/tables.ts";
import { silentLog as log } from "../../src/log.ts";
import { prepareEmbedded } from "../ports/embedded-template.ts";
import { findPostgres, type PostgresServer, startPostgres } from "../ports/start-postgres.ts";
import { describeSchema, readRows } from "./describe-schema.ts";

type Db = Kysely<Tables>;

/** What installations may have been left at. */
const steps = ["0002-assets", "0005-stream-tickets"];

/** Columns that a later step has written anew, with a reason. */
const rewritten: Readonly<Record<string, readonly string[]>> = {
  // Charged for the attempt that won, no longer from the first one on.
  usage: ["worked_ms"],
  // The times of endings that were not written down before.
  attempts: ["ended_at"],
};

function suite(name: string, openEmpty: () => Promise<Db>, isSkipped = false): void {
  describe.skipIf(isSkipped)(name, () => {
    let newSchema: readonly string[];
    beforeAll(async () => {
      const fresh = await openEmpty();
      await migrate(fresh, migrations);
      newSchema = await describeSchema(fresh);
      await fresh.destroy();
    }, 60_000);
    describe.each(steps)("left at %s", (step) => promises(step, openEmpty, () => newSchema));
  });
}

function promises(step: string, openEmpty: () => Promise<Db>, newSchema: () => readonly string[]): void {
  let db: Db;
  let before: Awaited<ReturnType<typeof readRows>>;
  let ran: readonly string[];
  beforeAll(async () => {
    db = await openEmpty();
    await sql.raw(await readFile(join(import.meta.dirname, `schema-${step}.sql`), "utf8")).execute(db);
    before = await readRows(db);
    ran = await migrate(db, migrations);
  }, 60_000);
  afterAll(() => db.destroy());

  it("is brought to the schema that a new one has", async () => {
    const applied = migrations.findIndex(({ id }) => id === step) + 1;
    expect(ran).toEqual(migrations.slice(applied).map(({ id }) => id));
    expect(await describeSchema(db)).toEqual(newSchema());
  });

  it("keeps every row", async () => {
    const after = await readRows(db);
    for (const [table, rows] of before) {
      // Every place on a backend was counted twice, in a table and by its owner: the table went.
      if (table === "backend_slots") continue;
      expect(rows.length, `rows of ${table} in the file`).toBeGreaterThan(0);
      expect(after.get(table)).toHaveLength(table === "migrations" ? migrations.length : rows.length);
      for (const row of rows) {
        const kept = Object.entries(row).filter(([column]) => !rewritten[table]?.includes(column));
        expect(after.get(table)).toContainEqual(expect.objectContaining(Object.fromEntries(kept)));
      }
    }
    const { rows } = await sql<{ plan: string }>`
        select plan::text as plan from comfy.jobs where request_id = 'request-a'`.execute(db);
    expect(rows[0]?.plan).toContain('"seed":18446744073709551615');
    expect(rows[0]?.plan).toContain("a\\u0000b");
  });

  it("is worked on: ended jobs are told, usage is charged anew, waiting ones are taken", async () => {
    const jobs = createJobStore(db);
    expect(await jobs.find("019aaaaa-0000-7000-8000-00000000000a")).toMatchObject({
      state: "complete",
      outputs: [{ name: "portrait.png", sizeBytes: 5_000_000_000 }],
    });
    const { rows } = await sql`
        select worked_ms, wasted_ms, bytes_in, bytes_out from comfy.usage order by ended_at limit 2`.execute(db);
    expect(rows).toEqual([
      { worked_ms: 9_000, wasted_ms: 10_000, bytes_in: 1_000, bytes_out: 5_000_000_000 },
      { worked_ms: 0, wasted_ms: 2_000, bytes_in: 0, bytes_out: 0 },
    ]);
    await jobs.wakePostponed();
    const claimed = await jobs.claim({ holder: "new", count: 10, leaseMs: 60_000 });
    expect(claimed.map(({ job }) => job.requestId)).toEqual(expect.arrayContaining(["request-c", "request-d"]));
  });
}

const bin = findPostgres();
let server: PostgresServer | undefined;
let root = "";
let directories = 0;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "comfy-migrations-"));
  if (bin !== undefined) server = await startPostgres(bin);
}, 120_000);
afterAll(async () => {
  await server?.stop();
  await rm(root, { recursive: true, force: true });
});

function toDb(pool: ConstructorParameters<typeof PostgresDialect>[0]["pool"]): Db {
  return new Kysely({ dialect: new PostgresDialect({ pool }) });
}

suite(
  "a PostgreSQL server",
  async () => toDb(openServer({ url: (await server?.createDatabase()) ?? "", log })),
  bin === undefined,
);
suite("an embedded database", async () => {
  const directory = join(root, String(directories++));
  await prepareEmbedded(directory);
  return toDb(await openEmbedded({ directory, log }));
});
