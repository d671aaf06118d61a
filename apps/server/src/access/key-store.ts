import type { Scope, TierName } from "@comfy/contracts";
import type { AuditEntry } from "./audit-log.ts";
import type { KeyMode } from "./key-ring.ts";

/** A key as lists show it. Nothing in it opens anything. */
export interface KeyRecord {
  readonly id: string;
  readonly ownerId: string;
  readonly userId?: string;
  readonly name: string;
  readonly mode: KeyMode;
  /** The last characters of what is sent as `X-API-Key`. */
  readonly hint: string;
  readonly scopes: readonly Scope[];
  readonly tier: TierName;
  readonly isReplayGuarded: boolean;
  /** The key or the user that made it. */
  readonly madeBy: string;
  readonly createdAtMs: number;
  readonly expiresAtMs?: number;
  readonly rotatedAtMs?: number;
  /** Until when what was replaced works as well. */
  readonly previousUntilMs?: number;
  readonly revokedAtMs?: number;
  readonly lastUsedAtMs?: number;
}

/** What proves a key: sealed secrets, hashed tokens. */
interface KeyProofs {
  readonly secretSealed: Uint8Array;
  /** Hex SHA-256 of a bearer key's token. */
  readonly tokenHash?: string;
}

export type NewKey = KeyProofs & {
  /** Hex SHA-256. */
  readonly keyHash: string;
} & Pick<
    KeyRecord,
    "id" | "ownerId" | "userId" | "name" | "mode" | "hint" | "scopes" | "tier" | "madeBy" | "expiresAtMs"
  >;

/** A key that is neither revoked nor expired, and whose user is not disabled. */
export interface LiveKey {
  readonly record: KeyRecord;
  readonly secretSealed: Uint8Array;
  /** While its overlap lasts. */
  readonly previousSecretSealed?: Uint8Array;
  /** What its user may do now. */
  readonly user?: { readonly tier: TierName; readonly isAdmin: boolean };
}

/** What a key is found by. */
export type KeyMark = { readonly keyHash: string } | { readonly tokenHash: string } | { readonly id: string };

/** A key, of one owner or of anybody. */
export interface KeyAddress {
  readonly id: string;
  readonly ownerId?: string;
}

export interface KeyFilter {
  readonly ownerId?: string;
  readonly limit: number;
  /** Where the page before ended. */
  readonly cursor?: string;
}

export interface KeyPage {
  /** Newest first. */
  readonly keys: readonly KeyRecord[];
  /** Absent on the last page. */
  readonly nextCursor?: string;
}

export interface Rotation {
  readonly id: string;
  /** Absent: the secret stays. */
  readonly secretSealed?: Uint8Array;
  readonly tokenHash?: string;
  /** For how long what is replaced works as well. */
  readonly overlapMs: number;
}

/** The keys that the service made. What is given an audit entry writes it in the same transaction, with the owner of the key. */
export interface KeyStore {
  /** Undefined when the owner has `liveKeysMax` keys that are neither revoked nor expired. */
  insert(key: NewKey, liveKeysMax: number, entry: AuditEntry): Promise<KeyRecord | undefined>;
  /** A replaced token finds its key until the overlap ends. */
  findLive(mark: KeyMark): Promise<LiveKey | undefined>;
  find(address: KeyAddress): Promise<KeyRecord | undefined>;
  /** @throws AppError `invalid_input` when the cursor is none of ours */
  list(filter: KeyFilter): Promise<KeyPage>;
  /** Undefined for a key that is not live. */
  rotate(rotation: Rotation, entry: AuditEntry): Promise<KeyRecord | undefined>;
  /** Once and for all; asked again it changes nothing. Undefined when there is no such key. */
  revoke(address: KeyAddress, entry: AuditEntry): Promise<KeyRecord | undefined>;
  setReplayGuard(id: string, isGuarded: boolean, entry: AuditEntry): Promise<KeyRecord | undefined>;
  /** Sealed secrets of a key, whether or not it lives: the newest, and the one it replaced while the overlap lasts. */
  readSecrets(id: string): Promise<readonly Uint8Array[]>;
  /** When keys were used last, Unix milliseconds by id. */
  noteUses(uses: ReadonlyMap<string, number>): Promise<void>;
}
