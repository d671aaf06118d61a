import { hkdfSync } from "node:crypto";
import { toWebhookSecret } from "@comfy/signing";
import type { Clock } from "../clock.ts";
import { AppError } from "../errors.ts";
import { createId } from "../ids.ts";
import type { AuditEntry } from "./audit-log.ts";
import type { Caller } from "./caller.ts";
import { assertWithin, type KeyWish, toPowers } from "./key-bounds.ts";
import type { KeyMode } from "./key-ring.ts";
import type { KeyAddress, KeyFilter, KeyPage, KeyRecord, KeyStore, NewKey, Rotation } from "./key-store.ts";
import { createKeyText, hintOf } from "./key-texts.ts";
import type { Sealer } from "./seal.ts";
import { sealingOf, toDigest } from "./stored-keys.ts";

/** Where a request came from, for the audit log. */
export interface Origin {
  readonly ip?: string;
  readonly requestId?: string;
}

export interface NewKeyWish extends KeyWish {
  readonly name: string;
  readonly mode: KeyMode;
}

/** What proves a key: told once, when it is made or rotated. */
export type KeySecrets =
  | { readonly secret: string; readonly webhookSecret: string }
  | { readonly token: string; readonly webhookSecret?: string };

export interface MadeKey {
  readonly record: KeyRecord;
  readonly secrets: KeySecrets;
}

/** What callers do with the keys of their owner, and operators with those of everybody. */
export interface KeyVerbs {
  /** @throws AppError `access_denied` for a key that could do more than the caller, `key_limit` */
  createKey(caller: Caller, wish: NewKeyWish, origin: Origin): Promise<MadeKey & { readonly key: string }>;
  listKeys(filter: KeyFilter): Promise<KeyPage>;
  /** @throws AppError `key_not_found`, `access_denied` for a key that can do more than the caller */
  rotateKey(caller: Caller, id: string, overlapMs: number, origin: Origin): Promise<MadeKey>;
  /** Takes effect at once, in every process. @throws AppError `key_not_found` */
  revokeKey(caller: Caller, address: KeyAddress, origin: Origin): Promise<KeyRecord>;
  setReplayGuard(caller: Caller, id: string, isGuarded: boolean, origin: Origin): Promise<KeyRecord>;
}

export interface KeyVerbsDeps {
  readonly store: KeyStore;
  readonly sealer: Sealer;
  readonly clock: Clock;
}

/** Keys of one owner that are neither revoked nor expired. */
export const LIVE_KEYS_MAX = 100;

/** What the webhooks of a key are signed with: the same that an SDK derives from the secret it was given. */
export const webhookSecretOf = (secret: string): string =>
  toWebhookSecret(new Uint8Array(hkdfSync("sha256", secret, "", "webhooks/v1", 32)));

export function createKeyVerbs({ store, sealer, clock }: KeyVerbsDeps): KeyVerbs {
  /** A key that lives, of the caller's owner. */
  async function findOwn({ ownerId }: Caller, id: string): Promise<KeyRecord> {
    const record = await store.find({ id, ownerId });
    const { expiresAtMs = Number.POSITIVE_INFINITY } = record ?? {};
    if (!record || record.revokedAtMs !== undefined || expiresAtMs <= clock.nowMs()) throw notFound(id);
    return record;
  }

  return {
    async createKey(caller, { name, mode, ...wish }, origin) {
      const powers = toPowers(caller, wish, clock.nowMs());
      const id = createId();
      const key = createKeyText("key");
      const { secrets, proofs } = createProofs(id, mode, sealer);
      const row: NewKey = {
        ...{ id, ownerId: caller.ownerId, name, mode, keyHash: toDigest(key), hint: hintOf(key) },
        ...{ ...powers, ...proofs, madeBy: actorOf(caller) },
        ...(caller.userId !== undefined && { userId: caller.userId }),
      };
      const details = { mode, scopes: powers.scopes.join(" "), tier: powers.tier };
      const record = await store.insert(row, LIVE_KEYS_MAX, toEntry("key.created", caller, id, origin, details));
      if (record) return { record, key, secrets };
      throw new AppError("key_limit", `Expected at most ${LIVE_KEYS_MAX} keys: revoke one first.`);
    },
    listKeys: (filter) => store.list(filter),
    async rotateKey(caller, id, overlapMs, origin) {
      const known = await findOwn(caller, id);
      // Whoever is told the new secret can do whatever the key can.
      assertWithin(caller, known, clock.nowMs());
      const { secrets, rotation } = createRotation(known, overlapMs, sealer);
      const details = { overlapSeconds: overlapMs / 1000 };
      const record = await store.rotate(rotation, toEntry("key.rotated", caller, id, origin, details));
      if (!record) throw notFound(id);
      return { record, secrets };
    },
    async revokeKey(caller, address, origin) {
      const record = await store.revoke(address, toEntry("key.revoked", caller, address.id, origin));
      if (!record) throw notFound(address.id);
      return record;
    },
    async setReplayGuard(caller, id, isGuarded, origin) {
      const entry = toEntry("key.replay_guard_set", caller, id, origin, { isReplayGuarded: isGuarded });
      const record = await store.setReplayGuard(id, isGuarded, entry);
      if (!record) throw notFound(id);
      return record;
    },
  };
}

const notFound = (id: string) => new AppError("key_not_found", `There is no key with the id ${id} here.`);

const actorOf = ({ userId, via, keyId }: Caller): string =>
  via === "session" && userId !== undefined ? `user:${userId}` : keyId;

function toEntry(
  action: string,
  caller: Caller,
  subject: string,
  origin: Origin,
  details?: AuditEntry["details"],
): AuditEntry {
  return { actorId: actorOf(caller), action, subject, ...origin, ...(details && { details }) };
}

/** A bearer key has a secret of its own as well, which nobody signs requests with: its webhooks are signed with what comes of it. */
function createProofs(id: string, mode: KeyMode, sealer: Sealer) {
  const secret = createKeyText("secret");
  const secretSealed = sealer.seal(sealingOf(id), Buffer.from(secret));
  const webhookSecret = webhookSecretOf(secret);
  if (mode === "signed") return { secrets: { secret, webhookSecret }, proofs: { secretSealed } };
  const token = createKeyText("token");
  return { secrets: { token, webhookSecret }, proofs: { secretSealed, tokenHash: toDigest(token) } };
}

/** The webhooks of a bearer key stay signed as they were: nobody but the service holds what they are signed with. */
function createRotation({ id, mode }: KeyRecord, overlapMs: number, sealer: Sealer) {
  const { secrets, proofs } = createProofs(id, mode, sealer);
  if ("secret" in secrets) return { secrets, rotation: { id, overlapMs, ...proofs } satisfies Rotation };
  const { token } = secrets;
  return { secrets: { token }, rotation: { id, overlapMs, tokenHash: toDigest(token) } satisfies Rotation };
}
