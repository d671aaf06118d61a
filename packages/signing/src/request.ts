import { type BytesInput, joinBytes, toHex } from "./bytes.ts";
import { hmacSha256Hex, sha256Hex } from "./hmac.ts";

/** 1 covers timestamp and body. 2 also covers method, request target, key id and a nonce, and needs only the body's digest. */
export type SignatureVersion = 1 | 2;

/** What {@link signRequest} signs. */
export interface SignRequestOptions {
  readonly version: SignatureVersion;
  /** Sent as `X-API-Key`. */
  readonly keyId: string;
  readonly secret: string;
  readonly method: string;
  /** Path and query exactly as on the request line, public prefix included: `/api/portrait?wait=25`. Version 2 signs it. */
  readonly target: string;
  /** The very bytes (or the text they are the UTF-8 of) that go over the wire. */
  readonly body?: BytesInput;
  /** Unix milliseconds; now when absent. */
  readonly timestampMs?: number;
  /** Version 2: 16 to 128 characters of `A-Z a-z 0-9 _ -`, never used before; 128 random bits when absent. */
  readonly nonce?: string;
}

/** The fields of a version 2 signature. */
export interface SignedFieldsV2 {
  /** Unix milliseconds as sent, 13 digits. */
  readonly timestamp: string;
  readonly nonce: string;
  readonly method: string;
  readonly target: string;
  readonly keyId: string;
  /** Lowercase hex SHA-256 of the body. */
  readonly bodySha256: string;
}

/** The bytes a version 1 signature covers: `<timestamp>:<body>`; nothing follows the colon when there is no body. */
export const toSignedBytesV1 = (timestamp: string, body: BytesInput) => joinBytes(`${timestamp}:`, body);

/** The text a version 2 signature covers. */
export const toSignedTextV2 = (fields: SignedFieldsV2): string =>
  [
    "comfy-v2",
    fields.timestamp,
    fields.nonce,
    fields.method.toUpperCase(),
    fields.target,
    fields.keyId,
    fields.bodySha256,
  ].join("\n");

/** 128 random bits as 32 lowercase hexadecimal characters. */
export const createNonce = (): string => toHex(crypto.getRandomValues(new Uint8Array(16)));

/**
 * The headers that sign one request. Every attempt needs a call of its own: a signature is valid once, for five minutes.
 *
 * @example
 * const body = JSON.stringify({ description: "Viking warrior" });
 * const headers = await signRequest({ version: 2, keyId, secret, method: "POST", target: "/portrait", body });
 * await fetch(`${origin}/portrait`, { method: "POST", body, headers: { "Content-Type": "application/json", ...headers } });
 */
export async function signRequest(options: SignRequestOptions): Promise<Record<string, string>> {
  const { version, keyId, secret, method, target, body } = options;
  const timestamp = String(options.timestampMs ?? Date.now());
  const headers = { "X-API-Key": keyId, "X-Timestamp": timestamp };
  if (version === 1) {
    return { ...headers, "X-Signature": await hmacSha256Hex(secret, toSignedBytesV1(timestamp, body)) };
  }
  const nonce = options.nonce ?? createNonce();
  const bodySha256 = await sha256Hex(body);
  const text = toSignedTextV2({ timestamp, nonce, method, target, keyId, bodySha256 });
  return {
    ...headers,
    "X-Signature": await hmacSha256Hex(secret, text),
    "X-Signature-Version": "2",
    "X-Nonce": nonce,
    "X-Content-SHA256": bodySha256,
  };
}
