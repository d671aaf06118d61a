import { join } from "node:path";
import * as z from "zod";
import {
  assertEmpty,
  isWorkedOn,
  readSteps,
  readTables,
  type TablePiece,
  writeTables,
} from "../adapters/database/copy-tables.ts";
import { createDatabase, type Database } from "../adapters/database/create-database.ts";
import { readArchive, writeArchive } from "../adapters/disk/archive.ts";
import { createDataFileWriter, readDataFiles } from "../adapters/disk/data-files.ts";
import type { DataConfig } from "../config/data-command.ts";
import type { Log } from "../log.ts";

const FORMAT = "comfy-service/1";

/** Nobody else waits: a large database takes as long as it takes. */
const PATIENCE_MS = 24 * 60 * 60_000;

const header = z.object({ format: z.literal(FORMAT), steps: z.array(z.string()) });
const filePiece = z.union([z.object({ file: z.string(), sizeBytes: z.int().min(0) }), z.object({ data: z.string() })]);
const tablePiece = z.union([
  z.object({ table: z.string(), columns: z.array(z.string()) }),
  z.object({ rows: z.array(z.array(z.string().nullable())) }),
]);
const end = z.object({ end: z.literal(true) });

export const DATA_USAGE = `Usage: main.ts db export FILE   writes the database, the stored files and master.key into one new file
       main.ts db import FILE   reads them into an empty database and data folder
The environment says which: DATA_DIR, and DATABASE_URL where it is PostgreSQL.`;

/**
 * Runs `db export FILE` or `db import FILE`, while nothing else works on the data.
 *
 * @returns a sentence of what was done
 * @throws Error with a sentence
 */
export async function runDataCommand(args: readonly string[], config: DataConfig, log: Log): Promise<string> {
  const [verb, file, ...rest] = args;
  if ((verb !== "export" && verb !== "import") || file === undefined || rest.length > 0) throw new Error(DATA_USAGE);
  const { databaseUrl: url, dataDirectory } = config;
  const where = url === undefined ? { directory: join(dataDirectory, "database") } : { url };
  const database = await createDatabase({ log, ...where, transactionTimeoutMs: PATIENCE_MS });
  try {
    // Whoever opened an embedded one is alone, whatever a process that was killed left behind.
    if (database.durability === "server" && (await isWorkedOn(database.db)))
      throw new Error(
        "A process still works on this database: stop all of them, and wait until their leases have run out.",
      );
    await (verb === "export" ? exportData : importData)(file, database, dataDirectory);
    return verb === "export" ? `Everything was written into ${file}.` : `Everything was read from ${file}.`;
  } finally {
    await database.close();
  }
}

/** Everything that is in the database and, where it is named, in the data folder. */
export async function* toRecords(db: Database["db"], dataDirectory?: string): AsyncGenerator<object> {
  yield { format: FORMAT, steps: await readSteps(db) };
  if (dataDirectory !== undefined) yield* readDataFiles(dataDirectory);
  yield* readTables(db);
  yield { end: true };
}

const exportData = (file: string, { db }: Database, dataDirectory: string) =>
  writeArchive(file, toRecords(db, dataDirectory));

async function importData(file: string, { db }: Database, dataDirectory: string): Promise<void> {
  await assertEmpty(db);
  const records = readArchive(file);
  try {
    const first = header.safeParse((await records.next()).value);
    if (!first.success) throw new Error(`${file} is not a file that \`db export\` of this version wrote.`);
    if (first.data.steps.join() !== (await readSteps(db)).join())
      throw new Error(`${file} was written by another version: export with the version that imports.`);
    const pending = await importFiles(records, dataDirectory);
    await writeTables(db, toTablePieces(pending, records, file));
  } finally {
    await records.return(undefined);
  }
}

/** Writes the files, which come first; gives the record after the last of them. */
async function importFiles(records: AsyncGenerator<unknown>, dataDirectory: string): Promise<unknown> {
  const writer = createDataFileWriter(dataDirectory);
  try {
    for (;;) {
      const { value, done } = await records.next();
      const piece = filePiece.safeParse(value);
      if (!done && piece.success) await writer.write(piece.data);
      else {
        await writer.finish();
        return value;
      }
    }
  } finally {
    await writer.discard();
  }
}

/** A file that breaks off has no end, and nothing of it is kept. */
async function* toTablePieces(first: unknown, rest: AsyncGenerator<unknown>, file: string): AsyncGenerator<TablePiece> {
  for (let record = first; ; record = (await rest.next()).value) {
    if (end.safeParse(record).success) return;
    const piece = tablePiece.safeParse(record);
    if (!piece.success) throw new Error(`${file} breaks off or is damaged.`);
    yield piece.data;
  }
}
