import { createEnvironmentKeyRing } from "../access/environment-keys.ts";
import type { KeyRing } from "../access/key-ring.ts";
import { createKeyUses } from "../access/key-uses.ts";
import { createKeyVerbs } from "../access/manage-keys.ts";
import { createKeyRings, createStoredKeyRing } from "../access/stored-keys.ts";
import type { Ground } from "./ground.ts";
import type { Records } from "./storage.ts";

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
