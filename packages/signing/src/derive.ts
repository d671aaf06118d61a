import { type PlainBytes, toBytes } from "./bytes.ts";

/**
 * A 32-byte key for one purpose, derived from a master key with HKDF-SHA256 (no salt, the label as `info`).
 * Knowing one derived key reveals neither the master nor a key with another label.
 *
 * @example const linkKey = await deriveKey(master, "links/v1");
 */
export async function deriveKey(master: string | Uint8Array, label: string): Promise<PlainBytes> {
  if (!master.length) throw new TypeError("The master key is empty: expected at least one byte.");
  const key = await crypto.subtle.importKey("raw", toBytes(master), "HKDF", false, ["deriveBits"]);
  const parameters = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(0), info: toBytes(label) };
  return new Uint8Array(await crypto.subtle.deriveBits(parameters, key, 256));
}
