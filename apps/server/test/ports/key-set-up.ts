import { type Scope, tiers } from "@comfy/contracts";
import type { Caller } from "../../src/access/caller.ts";
import { createKeyUses } from "../../src/access/key-uses.ts";
import { createKeyVerbs, type MadeKey } from "../../src/access/manage-keys.ts";
import { createStoredKeyRing } from "../../src/access/stored-keys.ts";
import { createKeyStore } from "../../src/adapters/database/api-keys.ts";
import { silentLog as log } from "../../src/log.ts";
import { createManualClock } from "../manual-clock.ts";
import { testSealer } from "../sealer.ts";
import type { GetDatabase } from "./set-up.ts";

export const keyScopes: readonly Scope[] = ["generate", "read", "upload", "webhooks", "keys"];
export const KEY_OWNER = "env:owner";
/** Who makes keys. */
export const maker: Caller = {
  ...{ ownerId: KEY_OWNER, keyId: "key-maker", tier: "pro", limits: tiers.pro },
  ...{ scopes: keyScopes, via: "signature" },
};

interface Wish {
  readonly mode?: "signed" | "bearer";
  readonly scopes?: readonly Scope[];
  readonly expiresAtMs?: number;
}

export const secretOf = ({ secrets }: MadeKey): string => ("secret" in secrets ? secrets.secret : secrets.token);

/** Keys over the database under test, by a clock of their own. */
export function createKeyParts(getDatabase: GetDatabase) {
  const clock = createManualClock(Date.now());

  /** One process: its store, what it remembers, and what it does. */
  function open(sealer = testSealer) {
    const store = createKeyStore(getDatabase().db);
    const uses = createKeyUses({ store, clock, log, gatherMs: 1 });
    const rankOf = (ownerId: string) => (ownerId === KEY_OWNER ? { tier: "pro" as const, isAdmin: false } : undefined);
    const keys = createStoredKeyRing({ store, sealer, clock, uses, rankOf });
    return { store, uses, keys, verbs: createKeyVerbs({ store, sealer, clock }) };
  }

  return {
    clock,
    open,
    make: (wish: Wish = {}, by = maker) => open().verbs.createKey(by, { name: "a key", mode: "signed", ...wish }, {}),
  };
}

export type KeyParts = ReturnType<typeof createKeyParts>;
