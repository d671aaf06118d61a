import { hash } from "node:crypto";
import { type TierName, tierNames } from "@comfy/contracts";
import type { Clock } from "../clock.ts";
import { isId } from "../ids.ts";
import type { ApiKey, FindOptions, KeyRing, OwnerRank } from "./key-ring.ts";
import type { KeyMark, KeyStore, LiveKey } from "./key-store.ts";
import { KEY_FORM, TOKEN_FORM } from "./key-texts.ts";
import type { KeyUses } from "./key-uses.ts";
import type { Sealer } from "./seal.ts";

export interface StoredKeyRingOptions {
  readonly store: Pick<KeyStore, "findLive">;
  readonly sealer: Sealer;
  readonly clock: Clock;
  readonly uses: KeyUses;
  /** Undefined for owners that the environment does not know (any more): they count as the least. */
  readonly rankOf: (ownerId: string) => OwnerRank | undefined;
}

/** What is left of an owner that was taken out of the environment. */
const nobody: OwnerRank = { tier: "free", isAdmin: false };

/** How long a read may go on with what was read before. */
const CACHE_MS = 1_000;
/** Remembered at once, 1 kB each at the most. */
const CACHED_MAX = 10_000;

interface Remembered {
  readonly key: Promise<ApiKey | undefined>;
  readonly untilMs: number;
}

export const toDigest = (text: string): string => hash("sha256", text, "hex");

export const lowerTier = (left: TierName, right: TierName): TierName =>
  tierNames.indexOf(left) < tierNames.indexOf(right) ? left : right;

/** What the secret of a key is sealed for. */
export const sealingOf = (keyId: string): string => `api_key:${keyId}`;

/** The keys that the service made. */
export function createStoredKeyRing({ store, sealer, clock, uses, rankOf }: StoredKeyRingOptions): KeyRing {
  const remembered = new Map<string, Remembered>();

  async function read(mark: KeyMark): Promise<ApiKey | undefined> {
    const live = await store.findLive(mark);
    return live && toApiKey(live, sealer, live.user ?? rankOf(live.record.ownerId) ?? nobody);
  }

  /** Those who ask within the same second share one read. What is not there is asked for each time: it may be made any moment. */
  function readRecent(name: string, mark: KeyMark): Promise<ApiKey | undefined> {
    const nowMs = clock.monotonicMs();
    const known = remembered.get(name);
    if (known && known.untilMs > nowMs) return known.key;
    const key = read(mark);
    const entry = { key, untilMs: nowMs + CACHE_MS };
    remembered.delete(name);
    remembered.set(name, entry);
    const forget = () => remembered.get(name) === entry && remembered.delete(name);
    key.then((found) => found === undefined && forget(), forget);
    const [oldest] = remembered.keys();
    if (remembered.size > CACHED_MAX && oldest !== undefined) remembered.delete(oldest);
    return key;
  }

  async function find(name: string, mark: KeyMark, { isRead = false }: FindOptions): Promise<ApiKey | undefined> {
    const key = await (isRead ? readRecent(name, mark) : read(mark));
    const hasExpired = key?.expiresAtMs !== undefined && key.expiresAtMs <= clock.nowMs();
    return hasExpired ? undefined : key;
  }

  return {
    async find(apiKey, options = {}) {
      if (!KEY_FORM.test(apiKey)) return undefined;
      const keyHash = toDigest(apiKey);
      return find(keyHash, { keyHash }, options);
    },
    async findByToken(token, options = {}) {
      if (!TOKEN_FORM.test(token)) return undefined;
      const tokenHash = toDigest(token);
      return find(tokenHash, { tokenHash }, options);
    },
    findById: (id) => find(id, { id }, { isRead: true }),
    // Whoever found a key is told of its use, and all other rings with it: what is no id of ours is no row.
    noteUse: (id) => {
      if (isId(id)) uses.note(id);
    },
  };
}

function toApiKey({ record, ...sealed }: LiveKey, sealer: Sealer, owner: OwnerRank): ApiKey {
  const { id, ownerId, userId, mode, scopes, isReplayGuarded, expiresAtMs } = record;
  const open = (bytes: Uint8Array) => Buffer.from(sealer.open(sealingOf(id), bytes)).toString("utf8");
  const { secretSealed, previousSecretSealed: previous } = sealed;
  return {
    ...{ id, ownerId, mode, isReplayGuarded },
    owner,
    tier: lowerTier(record.tier, owner.tier),
    // Who is no operator any more has no keys of one.
    scopes: owner.isAdmin ? scopes : scopes.filter((scope) => scope !== "admin"),
    secrets: mode === "bearer" ? [] : [secretSealed, ...(previous ? [previous] : [])].map(open),
    // A key of a lower tier is not lifted by what its owner was given by name; what holds the owner holds it as well.
    ...(record.tier === owner.tier && owner.limits && { limits: owner.limits }),
    ...(userId !== undefined && { userId }),
    ...(expiresAtMs !== undefined && { expiresAtMs }),
  };
}

/** Keys of several origins as one ring: the first that knows a key has it. */
export function createKeyRings(rings: readonly KeyRing[]): KeyRing {
  async function first(find: (ring: KeyRing) => Promise<ApiKey | undefined>): Promise<ApiKey | undefined> {
    for (const ring of rings) {
      const key = await find(ring);
      if (key) return key;
    }
    return undefined;
  }
  return {
    find: (apiKey, options) => first((ring) => ring.find(apiKey, options)),
    findByToken: (token, options) => first((ring) => ring.findByToken(token, options)),
    findById: (id) => first((ring) => ring.findById(id)),
    noteUse(id) {
      for (const ring of rings) ring.noteUse(id);
    },
  };
}
