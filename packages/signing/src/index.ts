/**
 * Request and webhook signatures over WebCrypto. No dependency and no `node:` import, so that one implementation runs in Node 20 and
 * newer, on the edge and in browsers.
 */
export type { BytesInput } from "./bytes.ts";
export { deriveKey } from "./derive.ts";
export type { HeadersInput } from "./headers.ts";
export { hmacSha256Hex, sha256Hex, timingSafeEqualHex } from "./hmac.ts";
export {
  createNonce,
  type SignatureVersion,
  type SignedFieldsV2,
  type SignRequestOptions,
  signRequest,
  toSignedTextV2,
} from "./request.ts";
export {
  isWithinWindow,
  parseSignatureHeaders,
  SIGNATURE_WINDOW_MS,
  type SignatureHeaders,
  type SignatureHeadersOutcome,
  type SignatureHeadersProblem,
  type VerifySignatureOptions,
  type VerifySignatureOutcome,
  verifySignature,
} from "./verify.ts";
export {
  type SignWebhookOptions,
  signWebhook,
  toWebhookSecret,
  type VerifyWebhookOptions,
  type VerifyWebhookOutcome,
  verifyWebhook,
  WEBHOOK_TOLERANCE_SECONDS,
} from "./webhook.ts";
