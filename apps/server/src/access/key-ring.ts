import type { Scope, TierLimits, TierName } from "@comfy/contracts";

/** How a key proves that it is at work: by signing requests, or by a token that is sent along. */
export type KeyMode = "signed" | "bearer";

export interface ApiKey {
  /** Internal id, safe to log. */
  readonly id: string;
  readonly ownerId: string;
  /** The user behind the owner, where that is one. */
  readonly userId?: string;
  readonly mode: KeyMode;
  /** What it counts as now: never above its owner. */
  readonly tier: TierName;
  /** What its signatures are made with, the newest first; a replaced one counts until its overlap ends. None for bearer keys. */
  readonly secrets: readonly string[];
  readonly scopes: readonly Scope[];
  /** Limits that differ from those of the tier. */
  readonly limits?: Partial<TierLimits>;
  /** What it never counts for more than; and what jobs at once, generations a day and the share of the queue follow. */
  readonly owner: OwnerRank;
  /** False where an operator lets one signature of this key count twice. */
  readonly isReplayGuarded: boolean;
  readonly expiresAtMs?: number;
}

/** What an owner may do at most, whichever of its keys is at work. */
export interface OwnerRank {
  readonly tier: TierName;
  /** Limits that differ from those of the tier, set for the owner by name. */
  readonly limits?: Partial<TierLimits>;
  /** Whether its keys may have the scope `admin`. */
  readonly isAdmin: boolean;
}

/** How exactly a key is looked at. */
export interface FindOptions {
  /**
   * The request only reads: what was read within the last second will do. Absent: the row is read, so that a key that was revoked a moment
   * ago changes nothing any more, in whichever process.
   */
  readonly isRead?: boolean;
}

/** Where API keys are known. A key that was revoked or has expired is known nowhere. */
export interface KeyRing {
  /** By what is sent as `X-API-Key`; takes as long for an unknown key as for a known one. */
  find(apiKey: string, options?: FindOptions): Promise<ApiKey | undefined>;
  /** By what is sent as `Authorization: Bearer`. */
  findByToken(token: string, options?: FindOptions): Promise<ApiKey | undefined>;
  /** By its internal id, as it is now: for whoever was let in by it a while ago. */
  findById(id: string): Promise<ApiKey | undefined>;
  /** Remembers when a key that was proven was used last. */
  noteUse(id: string): void;
}
