import { createHmac, hash } from "node:crypto";
import {
  type BytesInput,
  timingSafeEqualHex,
  toSignedTextV2,
  type VerifySignatureOptions,
  type VerifySignatureOutcome,
} from "@comfy/signing";

type Refused = Extract<VerifySignatureOutcome, { ok: false }>;

const toBuffer = (body: BytesInput): Uint8Array =>
  typeof body === "string" ? Buffer.from(body) : (body ?? new Uint8Array());
const wrong = (reason: Refused["reason"]): Refused => ({ ok: false, reason });

/**
 * What `verifySignature` of the signing package finds, at once: it asks WebCrypto, which sends each of up to three digests through another
 * thread, and every request waits for this one.
 */
export function verifySignatureNow(options: VerifySignatureOptions): VerifySignatureOutcome {
  const { secret, signature, body } = options;
  const hmac = () => createHmac("sha256", secret);
  if (options.version === 1) {
    const { timestamp } = options;
    const expected = hmac().update(`${timestamp}:`).update(toBuffer(body)).digest("hex");
    if (timingSafeEqualHex(expected, signature)) return { ok: true };
    if (body?.length) return wrong("badSignature");
    const word = hmac().update(`${timestamp}:undefined`).digest("hex");
    return wrong(timingSafeEqualHex(word, signature) ? "signedTheWordUndefined" : "badSignature");
  }
  const expected = hmac().update(toSignedTextV2(options)).digest("hex");
  if (!timingSafeEqualHex(expected, signature)) return wrong("badSignature");
  if (body === undefined) return { ok: true };
  const digest = hash("sha256", toBuffer(body), "hex");
  return timingSafeEqualHex(digest, options.bodySha256) ? { ok: true } : wrong("digestMismatch");
}
