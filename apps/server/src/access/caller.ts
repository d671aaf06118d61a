import type { Scope, TierLimits, TierName } from "@comfy/contracts";

/**
 * How a caller proved who it is: `signature` and `bearer` by a key, `session` by an access token, `ticket` as whoever asked for the
 * ticket. `key` is the key alone: known, not proven.
 */
export type Via = "signature" | "bearer" | "session" | "key" | "ticket";

/** Who is calling, once proven. */
export interface Caller {
  /** The account that limits, jobs and assets belong to; `user:<id>` for that of a user. */
  readonly ownerId: string;
  /** The internal id of the key or the session: what logs show. Never the key itself. */
  readonly keyId: string;
  /** Who is behind it, where the owner is a user. */
  readonly userId?: string;
  readonly tier: TierName;
  /** What its owner counts as; absent: the same. Its share of the queue follows it, whichever of its keys is at work. */
  readonly ownerTier?: TierName;
  readonly limits: TierLimits;
  /** What it may be used for; nothing else. */
  readonly scopes: readonly Scope[];
  readonly via: Via;
  /** Unix milliseconds when the key ends; absent: never, or when it is revoked. */
  readonly expiresAtMs?: number;
}

/** A signature that was checked and must be spent exactly once. */
export interface PendingSignature {
  /** Lowercase hex SHA-256 of the signature. */
  readonly hash: string;
  /** Unix milliseconds after which the signature is refused by its timestamp anyway. */
  readonly expiresAtMs: number;
}

export interface Authenticated {
  readonly caller: Caller;
  /** Present when the request was signed, and a second one with the same signature would be one too many. */
  readonly signature?: PendingSignature;
}
