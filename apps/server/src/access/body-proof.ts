import { createHash, createHmac, type Hash, type Hmac } from "node:crypto";
import { type SignatureHeaders, timingSafeEqualHex } from "@comfy/signing";

/** What is still to be proven of a body while it streams by; none of it is held. */
export interface BodyProof {
  /**
   * Whether the headers have proven who is calling: by version 2 they have, and say which digest the body must have. By version 1
   * nothing is known before the last byte.
   */
  readonly isCallerProven: boolean;
  update(chunk: Uint8Array): void;
  /** Once the body has ended, and once only. @throws AppError `invalid_signature` */
  assertGenuine(): void;
}

/** Whether what was hashed is what was signed. */
type Found = "genuine" | "badSignature" | "digestMismatch";

/**
 * Compares a signature of version 1, which covers the very bytes, piece by piece. While a secret is being replaced there are two, and
 * either will do.
 */
export function watchBytes({ timestamp, signature }: SignatureHeaders, secrets: readonly string[]) {
  const hashes: readonly Hmac[] = secrets.map((secret) => createHmac("sha256", secret).update(`${timestamp}:`));
  return {
    update(chunk: Uint8Array): void {
      for (const hash of hashes) hash.update(chunk);
    },
    find: (): Found =>
      hashes.some((hash) => timingSafeEqualHex(hash.digest("hex"), signature)) ? "genuine" : "badSignature",
  };
}

/** Compares the digest that version 2 signed with that of the bytes. */
export function watchDigest(bodySha256: string) {
  const hash: Hash = createHash("sha256");
  return {
    update: (chunk: Uint8Array): void => void hash.update(chunk),
    find: (): Found => (timingSafeEqualHex(hash.digest("hex"), bodySha256) ? "genuine" : "digestMismatch"),
  };
}
