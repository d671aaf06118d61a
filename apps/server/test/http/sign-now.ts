import { createHash, createHmac, randomBytes } from "node:crypto";
import { toSignedTextV2 } from "@comfy/signing";

/** The headers that sign a request without a body, for clients of tests that cannot wait for a signature. */
export function signNow(
  target: string,
  { key, secret }: { readonly key: string; readonly secret: string },
  method = "GET",
) {
  const timestamp = String(Date.now());
  const nonce = randomBytes(16).toString("hex");
  const bodySha256 = createHash("sha256").digest("hex");
  const text = toSignedTextV2({ timestamp, nonce, method, target, keyId: key, bodySha256 });
  return {
    "X-API-Key": key,
    "X-Timestamp": timestamp,
    "X-Signature": createHmac("sha256", secret).update(text).digest("hex"),
    "X-Signature-Version": "2",
    "X-Nonce": nonce,
    "X-Content-SHA256": bodySha256,
  };
}
