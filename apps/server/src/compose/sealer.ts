import type { Sealer } from "../access/seal.ts";
import { createSealer } from "../access/sealer.ts";
import { readMasterKeyFile } from "../adapters/disk/master-key-file.ts";
import type { Ground } from "./ground.ts";

/** What secrets in the database are sealed with. */
export async function composeSealer({ config, log }: Pick<Ground, "config" | "log">): Promise<Sealer> {
  if (config.masterKeys) return createSealer(config.masterKeys);
  if (config.databaseUrl !== undefined)
    log.warn(
      {},
      "MASTER_KEYS is not set: secrets in the database are sealed with master.key of the data folder. Whoever loses the file loses them.",
    );
  return createSealer([await readMasterKeyFile(config.dataDirectory)]);
}
