import type { PendingSignature } from "./caller.ts";

/** Remembers signatures until they would be refused by their timestamp, on all processes and over restarts. */
export interface SignatureLedger {
  /** Spends a signature. False when it was spent before. */
  spend(signature: PendingSignature): Promise<boolean>;
}
