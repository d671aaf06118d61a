import type { TierLimits, TierName } from "@comfy/contracts";

/** What a key may do beyond its owner's own jobs and files. */
export type Scope = "admin";

export interface ApiKey {
  /** Internal id, safe to log. */
  readonly id: string;
  readonly ownerId: string;
  readonly tier: TierName;
  /** What its signatures are made with. */
  readonly secret: string;
  readonly scopes?: readonly Scope[];
  /** Limits that differ from those of the tier. */
  readonly limits?: Partial<TierLimits>;
}

/** Where API keys are known. */
export interface KeyRing {
  /** Gives the key a caller sent, or undefined; takes as long for an unknown key as for a known one. */
  find(apiKey: string): Promise<ApiKey | undefined>;
}
