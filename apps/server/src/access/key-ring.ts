import type { TierLimits, TierName } from "@comfy/contracts";

export interface ApiKey {
  /** Internal id, safe to log. */
  readonly id: string;
  readonly ownerId: string;
  readonly tier: TierName;
  /** What its signatures are made with. */
  readonly secret: string;
  /** Limits that differ from those of the tier. */
  readonly limits?: Partial<TierLimits>;
}

/** Where API keys are known. */
export interface KeyRing {
  /** Gives the key a caller sent, or undefined; takes as long for an unknown key as for a known one. */
  find(apiKey: string): Promise<ApiKey | undefined>;
}
