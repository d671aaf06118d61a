import { randomBytes } from "node:crypto";
import { chmod, mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { PostgresPool } from "kysely";
import type { Log } from "../../log.ts";
import { lockDirectory } from "./directory-lock.ts";
import { createPglitePool } from "./pglite-pool.ts";
import { type PgliteThread, startPgliteThread } from "./pglite-thread.ts";

export interface EmbeddedOptions {
  readonly directory: string;
  readonly log: Log;
  /** Called when the database thread died: nothing can be promised any more. Ends the process unless told otherwise. */
  readonly onDeath?: (cause: Error) => void;
  /** How long one transaction may take. Absent: 30 s. */
  readonly transactionTimeoutMs?: number;
}

/** The pool over the one session, and what that session is notified of. */
export interface EmbeddedPool extends PostgresPool {
  readonly onNotification: PgliteThread["onNotification"];
  /** The same session for the steps of the schema, with time for them. Not to be used while the other one is. */
  readonly migrationPool: PostgresPool;
}

/** As on a server: a step of the schema may rewrite a large table, and one that is cut off would be cut off at each start. */
const MIGRATION_TIMEOUT_MS = 15 * 60_000;

const CLUSTER = "pglite";
const PARTIAL = "partial-";

/**
 * Opens the database that lives in a directory, in a thread of this process. It survives `kill -9`, not a power cut: PGlite does not
 * flush to disk.
 *
 * @throws Error with a sentence when another process works in the directory.
 */
export async function openEmbedded({
  directory: given,
  log,
  onDeath = exit,
  transactionTimeoutMs = 30_000,
}: EmbeddedOptions): Promise<EmbeddedPool> {
  const directory = resolve(given);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  // PGlite creates its files readable and writable for everybody: the parent keeps them ours.
  await chmod(directory, 0o700);
  const lock = await lockDirectory(directory);
  try {
    const cluster = join(directory, CLUSTER);
    await prepareCluster(directory, cluster);
    const thread = await startPgliteThread(cluster, (cause) => {
      log.error({ error: cause }, "The database thread died; the process ends.");
      onDeath(cause);
    });
    const pool = createPglitePool(thread, { turnTimeoutMs: 20_000, holdTimeoutMs: transactionTimeoutMs });
    const patience = { turnTimeoutMs: MIGRATION_TIMEOUT_MS, holdTimeoutMs: MIGRATION_TIMEOUT_MS };
    return {
      ...pool,
      migrationPool: createPglitePool({ run: thread.run, close: async () => {} }, patience),
      onNotification: thread.onNotification,
      async end() {
        await pool.end();
        await lock.release();
      },
    };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

function exit(): void {
  process.exit(1);
}

/** Makes the files of a new database beside their place and moves them there whole: a first start that is killed leaves no half. */
async function prepareCluster(directory: string, cluster: string): Promise<void> {
  for (const name of await readdir(directory)) {
    if (name.startsWith(PARTIAL)) await rm(join(directory, name), { recursive: true, force: true });
  }
  if (await stat(cluster).catch(() => undefined)) return;
  const partial = join(directory, PARTIAL + randomBytes(6).toString("hex"));
  const deaths: Error[] = [];
  const thread = await startPgliteThread(partial, (cause) => deaths.push(cause));
  await thread.close();
  if (deaths[0]) throw deaths[0];
  await rename(partial, cluster);
}
