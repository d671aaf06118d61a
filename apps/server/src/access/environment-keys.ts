import { createHash } from "node:crypto";
import { type Scope, scopes, type TierLimits, tierOfKey } from "@comfy/contracts";
import type { ApiKey, KeyRing, OwnerRank } from "./key-ring.ts";
import { lowerTier } from "./stored-keys.ts";

export interface EnvironmentKeyRingOptions {
  /** Entries of `COMFYUI_API_KEYS`: a key, or `name:key`. */
  readonly keys: readonly string[];
  /** `COMFYUI_API_SECRET`: what all of them sign with. */
  readonly secret: string;
  /** Limits that differ from those of the tier, by the name of the entry. */
  readonly limits?: Readonly<Record<string, Partial<TierLimits>>>;
  /** `ADMIN_KEYS`: names of entries whose keys have the scope `admin`. */
  readonly admins?: readonly string[];
}

export interface EnvironmentKeyRing extends KeyRing {
  /** The best that keys of this owner may be; undefined when it has none. */
  rankOf(ownerId: string): OwnerRank | undefined;
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

const ID = /^key-[0-9a-f]{16}$/;

/** Whether an internal id is one of these keys. */
export const isEnvironmentKeyId = (id: string): boolean => ID.test(id);

/** A key of the environment may do everything for its owner. */
const ordinaryScopes: readonly Scope[] = scopes.filter((scope) => scope !== "admin");

const NAME = /^[\w.-]{1,64}$/;
// What a header carries unchanged. A comma would be read as two headers.
const KEY = /^[\x21-\x2b\x2d-\x7e]{1,512}$/;

function parseEntry(entry: string): { name: string | undefined; key: string } {
  const colon = entry.indexOf(":");
  const name = colon === -1 ? undefined : entry.slice(0, colon);
  const key = entry.slice(colon + 1);
  // The entry itself is a secret: the sentence must not repeat it.
  if (!KEY.test(key) || (name !== undefined && !NAME.test(name))) {
    throw new Error(
      "An entry of COMFYUI_API_KEYS is malformed: expected a key of visible ASCII characters without commas, or name:key with a name of A-Z a-z 0-9 _ . -",
    );
  }
  return { name, key };
}

/**
 * The keys of `COMFYUI_API_KEYS`. A bare key is its own owner, so replacing it leaves its jobs and assets behind; the keys of one name
 * share an owner, so a rotation keeps them. The prefix of a key is its tier.
 * Throws for a malformed entry, for a key that stands under two owners, and for a missing secret.
 *
 * @example createEnvironmentKeyRing({ keys: ["landline:pro_4f…", "free_9c…"], secret })
 */
export function createEnvironmentKeyRing(options: EnvironmentKeyRingOptions): EnvironmentKeyRing {
  const entries = readKeys(options);
  const ranks = rankOwners([...entries.values()]);
  const byDigest = new Map<string, ApiKey>();
  for (const [digest, key] of entries) {
    const owner = ranks.get(key.ownerId);
    if (owner) byDigest.set(digest, { ...key, owner });
  }
  const byId = new Map([...byDigest.values()].map((key) => [key.id, key]));
  return {
    // Looked up by digest: how long a comparison takes then says nothing about the keys that exist.
    find: async (apiKey) => byDigest.get(sha256(apiKey)),
    // All of them sign.
    findByToken: async () => undefined,
    findById: async (id) => byId.get(id),
    noteUse() {},
    rankOf: (ownerId) => ranks.get(ownerId),
  };
}

/** A key as its entry says it. */
type EntryKey = Omit<ApiKey, "owner">;

function readKeys(options: EnvironmentKeyRingOptions): ReadonlyMap<string, EntryKey> {
  const { secret, limits = {}, admins = [] } = options;
  if (options.keys.length > 0 && !secret) {
    throw new Error("COMFYUI_API_SECRET is empty: expected the secret that the keys of COMFYUI_API_KEYS sign with.");
  }
  const entries = options.keys.map(parseEntry);
  // What stands there by mistake may be a key: the sentence must not repeat it.
  if (admins.some((admin) => !entries.some(({ name }) => name === admin)))
    throw new Error("ADMIN_KEYS names nobody it knows: expected names of name:key entries of COMFYUI_API_KEYS.");
  const byDigest = new Map<string, EntryKey>();
  for (const { name, key } of entries) {
    const digest = sha256(key);
    const short = digest.slice(0, 16);
    const ownerId = `env:${name ?? short}`;
    const known = byDigest.get(digest);
    if (known && known.ownerId !== ownerId) {
      throw new Error("A key of COMFYUI_API_KEYS stands under two names: expected one owner per key.");
    }
    const ownLimits = name === undefined ? undefined : limits[name];
    const isAdmin = name !== undefined && admins.includes(name);
    byDigest.set(digest, {
      ...{ id: `key-${short}`, ownerId, mode: "signed", tier: tierOfKey(key), secrets: [secret] },
      ...{ scopes: isAdmin ? scopes : ordinaryScopes, isReplayGuarded: true },
      ...(ownLimits && { limits: ownLimits }),
    });
  }
  return byDigest;
}

/** An owner's keys may be of several tiers: what is made by them counts for no more than the best of them. */
function rankOwners(keys: readonly EntryKey[]): ReadonlyMap<string, OwnerRank> {
  const ranks = new Map<string, OwnerRank>();
  for (const { ownerId, tier, limits, scopes } of keys) {
    const known = ranks.get(ownerId);
    const isAdmin = scopes.includes("admin");
    if (!known || lowerTier(known.tier, tier) !== tier)
      ranks.set(ownerId, { tier, isAdmin, ...(limits && { limits }) });
  }
  return ranks;
}
