import { type BytesInput, type PlainBytes, toBytes, toHex } from "./bytes.ts";

const ALGORITHM = { name: "HMAC", hash: "SHA-256" };

// Importing a key costs as much as signing a small body (25 µs each), so recent text secrets keep theirs. 256 bounds what a server
// with many keys holds; byte secrets are not kept, because their owner may overwrite them.
const KEYS_MAX = 256;
const keys = new Map<string, Promise<CryptoKey>>();

function importKey(secret: string | Uint8Array): Promise<CryptoKey> {
  if (!secret.length) throw new TypeError("The signing secret is empty: expected at least one character.");
  return crypto.subtle.importKey("raw", toBytes(secret), ALGORITHM, false, ["sign"]);
}

function keyOf(secret: string | Uint8Array): Promise<CryptoKey> {
  if (typeof secret !== "string") return importKey(secret);
  const key = keys.get(secret) ?? importKey(secret);
  keys.delete(secret);
  keys.set(secret, key);
  const [oldest] = keys.keys();
  if (keys.size > KEYS_MAX && oldest !== undefined) keys.delete(oldest);
  return key;
}

/** HMAC-SHA256 of `message` under `secret`, 32 bytes. Throws a TypeError for an empty secret. */
export async function hmacSha256(secret: string | Uint8Array, message: BytesInput): Promise<PlainBytes> {
  return new Uint8Array(await crypto.subtle.sign("HMAC", await keyOf(secret), toBytes(message)));
}

/** {@link hmacSha256} as 64 lowercase hexadecimal characters. */
export async function hmacSha256Hex(secret: string | Uint8Array, message: BytesInput): Promise<string> {
  return toHex(await hmacSha256(secret, message));
}

/** SHA-256 of a body as 64 lowercase hexadecimal characters; the digest of zero bytes when there is none. */
export async function sha256Hex(body: BytesInput): Promise<string> {
  return toHex(new Uint8Array(await crypto.subtle.digest("SHA-256", toBytes(body))));
}

/**
 * Whether two texts are equal, in a time that depends on their length only (made for hex and base64 digests, whose length is public).
 * Case matters: our digests are lowercase.
 */
export function timingSafeEqualHex(left: string, right: string): boolean {
  let difference = left.length ^ right.length;
  for (let index = 0; index < left.length; index++) difference |= left.charCodeAt(index) ^ right.charCodeAt(index);
  return difference === 0;
}
