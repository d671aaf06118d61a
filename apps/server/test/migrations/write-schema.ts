// Writes `schema-<step>.sql`: the database as an installation of that step left it. For a step that is about to be released:
//   node --conditions=@comfy/source apps/server/test/migrations/write-schema.ts 0002-assets 0005-stream-tickets
// Every step that is named is reached in turn, and given the rows of `rows-<step>.sql`.
import { execFileSync } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Kysely, PostgresDialect, sql } from "kysely";
import { migrations } from "../../src/adapters/database/migrations/index.ts";
import { migrate } from "../../src/adapters/database/migrations/migrate.ts";
import { openServer } from "../../src/adapters/database/open-server.ts";
import { silentLog } from "../../src/log.ts";
import { findPostgres, startPostgres } from "../ports/start-postgres.ts";

/** What `psql` alone understands, and settings of the session that would outlive the file. */
const NOISE = /^(\\|--|SET |SELECT pg_catalog\.set_config)/;

async function main(steps: readonly string[]): Promise<void> {
  const bin = findPostgres();
  if (bin === undefined) throw new Error("PostgreSQL is needed, and is not installed.");
  const server = await startPostgres(bin);
  try {
    const url = await server.createDatabase();
    const db = new Kysely({ dialect: new PostgresDialect({ pool: openServer({ url, log: silentLog }) }) });
    for (const step of steps) {
      await migrate(db, migrations.slice(0, migrations.findIndex(({ id }) => id === step) + 1));
      await sql.raw(await readFile(join(import.meta.dirname, `rows-${step}.sql`), "utf8")).execute(db);
    }
    await db.destroy();
    const flags = ["--inserts", "--no-owner", "--no-privileges", "--schema=comfy"];
    const dump = execFileSync(join(bin, "pg_dump"), [...flags, url], { encoding: "utf8" });
    const lines = dump.split("\n").filter((line) => line !== "" && !NOISE.test(line));
    await writeFile(join(import.meta.dirname, `schema-${steps.at(-1)}.sql`), `${lines.join("\n")}\n`);
  } finally {
    await server.stop();
  }
}

await main(process.argv.slice(2));
