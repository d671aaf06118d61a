import { type Kysely, sql } from "kysely";
import type { Sealer } from "../../access/seal.ts";
import { sealingOf } from "../../access/stored-keys.ts";
import { sealingOfEndpoint } from "../../jobs/webhook-secrets.ts";
import { sealingOfLinkKey } from "./link-keys.ts";
import { sealingOfSessionKey } from "./session-keys.ts";
import type { Tables } from "./tables.ts";

/** A column that holds sealed secrets, and what for. */
interface SealedColumn {
  readonly table: string;
  readonly column: string;
  readonly purposeOf: (id: string) => string;
}

const sealedColumns: readonly SealedColumn[] = [
  { table: "link_keys", column: "secret_enc", purposeOf: sealingOfLinkKey },
  { table: "api_keys", column: "secret_enc", purposeOf: sealingOf },
  { table: "api_keys", column: "previous_secret_enc", purposeOf: sealingOf },
  { table: "webhook_endpoints", column: "secret_enc", purposeOf: sealingOfEndpoint },
  { table: "session_keys", column: "secret", purposeOf: sealingOfSessionKey },
];

const PAGE = 500;

/**
 * Seals what is still plain, and what an older master key sealed anew with the one that seals now; after that the older one is not needed.
 * What another process has done meanwhile is left as it is. Nothing where nothing can be sealed.
 *
 * @returns how many secrets were sealed
 * @throws Error with a sentence when a secret was sealed with a master key that is not here: without it that secret is lost
 */
export async function sealRows(db: Kysely<Tables>, sealer: Sealer): Promise<number> {
  if (!sealer.canSeal) return 0;
  let sealed = await sealPlainLinkKeys(db, sealer);
  for (const column of sealedColumns) sealed += await walk(db, column, (row) => sealAnew(db, sealer, column, row));
  return sealed;
}

/** Insists that whatever is sealed can be opened; nothing is written. @throws Error with a sentence */
export async function assertSealsOpen(db: Kysely<Tables>, sealer: Sealer): Promise<void> {
  for (const column of sealedColumns)
    await walk(db, column, async ({ id, bytes }) => {
      openOrExplain(sealer, column.purposeOf(id), bytes);
      return 0;
    });
}

async function sealPlainLinkKeys(db: Kysely<Tables>, sealer: Sealer): Promise<number> {
  const rows = await db
    .selectFrom("comfy.link_keys")
    .select(["id", "secret"])
    .where("secret", "is not", null)
    .execute();
  for (const { id, secret } of rows) {
    if (secret === null) continue;
    const secret_enc = sealer.seal(sealingOfLinkKey(id), secret);
    await sql`
      update comfy.link_keys set secret_enc = ${secret_enc}::bytea, secret = null
      where id = ${id} and secret is not null`.execute(db);
  }
  return rows.length;
}

interface SealedRow {
  readonly id: string;
  readonly bytes: Uint8Array;
}

const refsOf = ({ table, column }: SealedColumn) => ({ table: sql.table(`comfy.${table}`), column: sql.ref(column) });

/** Goes over all rows that are sealed, page by page; gives the sum of what was visited. */
async function walk(
  db: Kysely<Tables>,
  sealed: SealedColumn,
  visit: (row: SealedRow) => Promise<number>,
): Promise<number> {
  const { table, column } = refsOf(sealed);
  let count = 0;
  for (let after = ""; ; ) {
    const { rows } = await sql<SealedRow>`
      select id::text as id, ${column} as bytes from ${table}
      where ${column} is not null and id::text > ${after} order by id::text limit ${PAGE}`.execute(db);
    for (const row of rows) count += await visit(row);
    const last = rows.at(-1);
    if (!last || rows.length < PAGE) return count;
    after = last.id;
  }
}

async function sealAnew(
  db: Kysely<Tables>,
  sealer: Sealer,
  sealed: SealedColumn,
  { id, bytes }: SealedRow,
): Promise<number> {
  const { table, column } = refsOf(sealed);
  const purpose = sealed.purposeOf(id);
  const plain = openOrExplain(sealer, purpose, bytes);
  if (sealer.isCurrent(bytes)) return 0;
  await sql`
    update ${table} set ${column} = ${sealer.seal(purpose, plain)}::bytea
    where id::text = ${id} and ${column} = ${bytes}::bytea`.execute(db);
  return 1;
}

function openOrExplain(sealer: Sealer, purpose: string, bytes: Uint8Array): Uint8Array {
  try {
    return sealer.open(purpose, bytes);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(
      `The database holds a secret that cannot be opened. ${reason} Put the master key that sealed it into MASTER_KEYS, or bring back the master.key of the data folder.`,
      { cause },
    );
  }
}
