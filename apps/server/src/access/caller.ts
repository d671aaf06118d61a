import type { TierLimits, TierName } from "@comfy/contracts";
import type { Scope } from "./key-ring.ts";

/** Who is calling, once proven. */
export interface Caller {
  /** The account that limits, jobs and assets belong to. */
  readonly ownerId: string;
  /** The key's internal id: what logs show. Never the key itself. */
  readonly keyId: string;
  readonly tier: TierName;
  readonly limits: TierLimits;
  /** Absent: none. */
  readonly scopes?: readonly Scope[];
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
  /** Present when the request was signed. */
  readonly signature?: PendingSignature;
}
