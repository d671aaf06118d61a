import { createHash } from "node:crypto";
import { type Kysely, sql } from "kysely";
import { sqlStateOf } from "../translate-errors.ts";

/** One step of the schema. Forward only: a released step is never edited, the next one corrects it. */
export interface Migration {
  readonly id: string;
  readonly sql: string;
}

interface Applied {
  readonly id: string;
  readonly checksum: string;
}

const START_TRIES = 5;

/**
 * Brings the schema to this version, one transaction per step. Processes that start together take turns on a table lock; each step
 * runs once.
 *
 * @returns the ids of the steps that were run
 * @throws Error with a sentence when the database was made by a newer version, or an applied step reads differently today.
 */
export async function migrate<DB>(db: Kysely<DB>, migrations: readonly Migration[]): Promise<string[]> {
  await createLedger(db);
  const ran: string[] = [];
  for (const migration of migrations) if (await runStep(db, migrations, migration)) ran.push(migration.id);
  return ran;
}

async function createLedger<DB>(db: Kysely<DB>): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await sql`create schema if not exists comfy`.execute(db);
      await sql`create table if not exists comfy.migrations (
        id text primary key, checksum text not null, applied_at timestamptz not null default clock_timestamp()
      )`.execute(db);
      return;
    } catch (error) {
      // "if not exists" looks first and creates then: two processes at once can still collide in the catalogue.
      const isCollision = ["23505", "42P06", "42P07", "42710"].includes(sqlStateOf(error) ?? "");
      if (!isCollision || tries === START_TRIES) throw error;
    }
  }
}

async function runStep<DB>(db: Kysely<DB>, all: readonly Migration[], migration: Migration): Promise<boolean> {
  return db.transaction().execute(async (trx) => {
    await sql`lock table comfy.migrations in access exclusive mode`.execute(trx);
    const { rows } = await sql<Applied>`select id, checksum from comfy.migrations order by id`.execute(trx);
    assertKnown(all, rows);
    if (rows.some(({ id }) => id === migration.id)) return false;
    await sql.raw(migration.sql).execute(trx);
    await sql`insert into comfy.migrations (id, checksum) values (${migration.id}, ${toChecksum(migration)})`.execute(
      trx,
    );
    return true;
  });
}

function assertKnown(migrations: readonly Migration[], applied: readonly Applied[]): void {
  for (const { id, checksum } of applied) {
    const known = migrations.find((migration) => migration.id === id);
    if (!known) {
      throw new Error(
        `The database has the schema step ${id}, which this version does not know: it was made by a newer one.`,
      );
    }
    if (toChecksum(known) !== checksum) {
      throw new Error(
        `The schema step ${id} was applied with another text than this version has: a released step was edited.`,
      );
    }
  }
}

function toChecksum({ sql: text }: Migration): string {
  return createHash("sha256").update(text).digest("hex");
}
