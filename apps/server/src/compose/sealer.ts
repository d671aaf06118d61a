import type { Sealer } from "../access/seal.ts";
import { createOpener, createSealer } from "../access/sealer.ts";
import type { Database } from "../adapters/database/create-database.ts";
import { assertSealsOpen, sealRows } from "../adapters/database/seal-rows.ts";
import { findMasterKeyFile, readMasterKeyFile } from "../adapters/disk/master-key-file.ts";
import type { Ground } from "./ground.ts";

/** By then a rolling restart is over: until every process has the new master key, nothing that they share may need it. */
const SEAL_ANEW_AFTER_MS = 60 * 60_000;

/** What secrets in the database are sealed with. */
export async function composeSealer({ config, log }: Pick<Ground, "config" | "log">): Promise<Sealer> {
  const { masterKeys, databaseUrl, dataDirectory } = config;
  if (masterKeys) return createSealer(masterKeys);
  if (databaseUrl === undefined) return createSealer([await readMasterKeyFile(dataDirectory)]);
  // A key on this machine's disk would lock all others out, and be gone with a container.
  const known = await findMasterKeyFile(dataDirectory);
  log.warn(
    {},
    "MASTER_KEYS is not set: link keys are kept plain, and API keys, logins and what else needs a sealed secret are refused (master_key_missing).",
  );
  return createOpener(known ? [known] : []);
}

/**
 * Insists at the start that whatever is sealed opens. An embedded database is sealed at once by the one process that has it; one that is
 * shared an hour later, because others may not have the newest master key yet.
 */
export async function composeSeals(
  { log, lifecycle }: Pick<Ground, "log" | "lifecycle">,
  { db, durability }: Pick<Database, "db" | "durability">,
  sealer: Sealer,
  afterMs = SEAL_ANEW_AFTER_MS,
): Promise<void> {
  await assertSealsOpen(db, sealer);
  if (!sealer.canSeal) return;
  if (durability === "process") return void (await sealRows(db, sealer));
  let timer: NodeJS.Timeout | undefined;
  let sealing = Promise.resolve();
  const seal = async () => {
    try {
      const secrets = await sealRows(db, sealer);
      if (secrets > 0) log.info({ secrets }, "Secrets were sealed with the first of the master keys.");
    } catch (error) {
      log.warn({ error }, "Secrets could not be sealed with the first of the master keys; the next start tries again.");
    }
  };
  lifecycle.add({
    name: "seals",
    async start() {
      timer = setTimeout(() => {
        sealing = seal();
      }, afterMs);
      timer.unref();
    },
    async stop() {
      clearTimeout(timer);
      await sealing;
    },
  });
}
