import { AppError } from "../errors.ts";
import type { PendingSignature } from "./caller.ts";

/** Remembers signatures until they would be refused by their timestamp, on all processes and over restarts. */
export interface SignatureLedger {
  /**
   * Spends a signature. False when it was spent before.
   * @param options.isRepeatable whoever sent it may send it again for the same read: then it is tried again while the store is away
   */
  spend(signature: PendingSignature, options?: { readonly isRepeatable?: boolean }): Promise<boolean>;
}

export function toReplayed(): AppError {
  const words = "This signature was used before: every request needs one of its own, a retry included.";
  return new AppError("signature_replayed", words);
}
