import { createEnvironmentKeyRing } from "../access/environment-keys.ts";
import type { KeyRing } from "../access/key-ring.ts";
import { createKeyUses } from "../access/key-uses.ts";
import { createKeyVerbs } from "../access/manage-keys.ts";
import type { Sealer } from "../access/seal.ts";
import { createSealer } from "../access/sealer.ts";
import { createKeyRings, createStoredKeyRing } from "../access/stored-keys.ts";
import { readMasterKeyFile } from "../adapters/disk/master-key-file.ts";
import type { Ground } from "./ground.ts";
import type { Records } from "./storage.ts";

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

/** Who is known: keys of the environment, then those that the service made. */
export function composeKeys({ config, clock, log, lifecycle }: Ground, { keys: store, sealer }: Records) {
  const { apiKeys, apiSecret: secret, keyLimits, adminKeys: admins } = config;
  const environment = createEnvironmentKeyRing({ keys: apiKeys, secret, limits: keyLimits, admins });
  const uses = createKeyUses({ store, clock, log });
  lifecycle.add({ name: "key uses", stop: uses.stop });
  const stored = createStoredKeyRing({ store, sealer, clock, uses, rankOf: environment.rankOf });
  const keys: KeyRing = createKeyRings([environment, stored]);
  return { keys, verbs: createKeyVerbs({ store, sealer, clock }) };
}
