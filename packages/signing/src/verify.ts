import type { BytesInput } from "./bytes.ts";
import { type HeadersInput, readHeader } from "./headers.ts";
import { hmacSha256Hex, sha256Hex, timingSafeEqualHex } from "./hmac.ts";
import { type SignedFieldsV2, toSignedBytesV1, toSignedTextV2 } from "./request.ts";

/** How far a timestamp may lie from the verifier's clock, either way, in milliseconds. */
export const SIGNATURE_WINDOW_MS = 300_000;

/** Well-formed signature headers; nothing in them is proven yet. */
export type SignatureHeaders =
  | { readonly version: 1; readonly keyId: string; readonly timestamp: string; readonly signature: string }
  | {
      readonly version: 2;
      readonly keyId: string;
      readonly timestamp: string;
      readonly signature: string;
      readonly nonce: string;
      /** What the caller says the body's SHA-256 is. Compare it with the bytes that arrived. */
      readonly bodySha256: string;
    };

/** Why the headers could not be read. */
export type SignatureHeadersProblem =
  | "missing_api_key"
  | "missing_timestamp"
  | "bad_timestamp"
  | "missing_signature"
  | "malformed_signature"
  | "unknown_version"
  | "missing_nonce"
  | "malformed_nonce"
  | "missing_content_sha256"
  | "malformed_content_sha256";

/** One public sentence per problem. The first ones are what callers of the first version already match on. */
export const SIGNATURE_HEADER_SENTENCES: Readonly<Record<SignatureHeadersProblem, string>> = {
  missing_api_key: "Missing X-API-Key header",
  missing_timestamp: "Missing X-Timestamp header",
  bad_timestamp: "Invalid X-Timestamp format: expected Unix milliseconds, 13 digits",
  missing_signature: "Missing X-Signature header",
  malformed_signature: "Invalid X-Signature format: expected 64 lowercase hexadecimal characters",
  unknown_version: "Unknown X-Signature-Version: expected 1 or 2",
  missing_nonce: "Missing X-Nonce header: signature version 2 needs one",
  malformed_nonce: "Invalid X-Nonce format: expected 16 to 128 characters of A-Z a-z 0-9 _ -",
  missing_content_sha256: "Missing X-Content-SHA256 header: signature version 2 needs one",
  malformed_content_sha256: "Invalid X-Content-SHA256 format: expected 64 lowercase hexadecimal characters",
};

/** What {@link parseSignatureHeaders} found. */
export type SignatureHeadersOutcome =
  | { readonly ok: true; readonly headers: SignatureHeaders }
  | { readonly ok: false; readonly reason: SignatureHeadersProblem; readonly message: string };

const DIGEST = /^[0-9a-f]{64}$/;

const refuse = (reason: SignatureHeadersProblem): SignatureHeadersOutcome => ({
  ok: false,
  reason,
  message: SIGNATURE_HEADER_SENTENCES[reason],
});

/**
 * Reads the signature headers of a request and checks their form only: the window, the key and the signature come after.
 *
 * @example
 * const parsed = parseSignatureHeaders(request.headers);
 * if (!parsed.ok) return refuse(401, parsed.message);
 */
export function parseSignatureHeaders(headers: HeadersInput): SignatureHeadersOutcome {
  const keyId = readHeader(headers, "x-api-key");
  const timestamp = readHeader(headers, "x-timestamp");
  const signature = readHeader(headers, "x-signature");
  const version = readHeader(headers, "x-signature-version") ?? "1";
  if (!keyId) return refuse("missing_api_key");
  if (!timestamp) return refuse("missing_timestamp");
  if (!/^\d{13}$/.test(timestamp)) return refuse("bad_timestamp");
  if (!signature) return refuse("missing_signature");
  if (!DIGEST.test(signature)) return refuse("malformed_signature");
  if (version === "1") return { ok: true, headers: { version: 1, keyId, timestamp, signature } };
  if (version !== "2") return refuse("unknown_version");
  const nonce = readHeader(headers, "x-nonce");
  const bodySha256 = readHeader(headers, "x-content-sha256");
  if (!nonce) return refuse("missing_nonce");
  if (!/^[\w-]{16,128}$/.test(nonce)) return refuse("malformed_nonce");
  if (!bodySha256) return refuse("missing_content_sha256");
  if (!DIGEST.test(bodySha256)) return refuse("malformed_content_sha256");
  return { ok: true, headers: { version: 2, keyId, timestamp, signature, nonce, bodySha256 } };
}

/** Whether a timestamp (13 digits, Unix ms) lies within the window around `nowMs`, both edges included. */
export function isWithinWindow(timestamp: string, nowMs = Date.now(), windowMs = SIGNATURE_WINDOW_MS): boolean {
  return Math.abs(Number(timestamp) - nowMs) <= windowMs;
}

/** What {@link verifySignature} compares. */
export type VerifySignatureOptions = { readonly secret: string; readonly signature: string } & (
  | ({
      readonly version: 1;
      readonly timestamp: string;
      readonly body: BytesInput;
      // Version 1 covers none of these; they may be given so that one call serves both versions.
    } & Partial<Omit<SignedFieldsV2, "timestamp">>)
  | ({
      readonly version: 2;
      /** The bytes that arrived, when they are at hand; a streamed body is compared by its digest once it ended. */
      readonly body?: BytesInput;
    } & SignedFieldsV2)
);

/**
 * What {@link verifySignature} found. `signedTheWordUndefined`: the caller signed `<timestamp>:undefined` where there is no body;
 * refuse it and say that nothing should follow the colon. `digestMismatch`: the signature is right, the body is another one.
 */
export type VerifySignatureOutcome =
  | { readonly ok: true }
  | { readonly ok: false; readonly reason: "badSignature" | "signedTheWordUndefined" | "digestMismatch" };

const wrong = (reason: "badSignature" | "signedTheWordUndefined" | "digestMismatch"): VerifySignatureOutcome => ({
  ok: false,
  reason,
});

/**
 * Compares a signature in constant time. The window and replays are the caller's to check.
 * For a streamed body pass version 2 with the digest the caller sent as `bodySha256`, then compare it with {@link timingSafeEqualHex}
 * to the digest of what arrived.
 */
export async function verifySignature(options: VerifySignatureOptions): Promise<VerifySignatureOutcome> {
  const { secret, signature, body } = options;
  if (options.version === 1) {
    const { timestamp } = options;
    if (timingSafeEqualHex(await hmacSha256Hex(secret, toSignedBytesV1(timestamp, body)), signature))
      return { ok: true };
    if (body?.length) return wrong("badSignature");
    const word = await hmacSha256Hex(secret, `${timestamp}:undefined`);
    return wrong(timingSafeEqualHex(word, signature) ? "signedTheWordUndefined" : "badSignature");
  }
  if (!timingSafeEqualHex(await hmacSha256Hex(secret, toSignedTextV2(options)), signature))
    return wrong("badSignature");
  if (body === undefined || timingSafeEqualHex(await sha256Hex(body), options.bodySha256)) return { ok: true };
  return wrong("digestMismatch");
}
