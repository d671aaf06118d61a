/** What a caller may hand over as a body or a message: text is read as UTF-8, a missing one is zero bytes. */
export type BytesInput = string | Uint8Array | undefined;

/** Bytes WebCrypto accepts as they are (it refuses memory shared between threads). */
export type PlainBytes = Uint8Array<ArrayBuffer>;

const isPlain = (bytes: Uint8Array): bytes is PlainBytes => bytes.buffer instanceof ArrayBuffer;

/** UTF-8 for text (a lone surrogate becomes U+FFFD, exactly as `fetch` sends it), the same bytes for bytes, nothing for nothing. */
export function toBytes(input: BytesInput): PlainBytes {
  if (typeof input === "string") return new TextEncoder().encode(input);
  if (!input) return new Uint8Array(0);
  return isPlain(input) ? input : new Uint8Array(input);
}

/** `head` as UTF-8 followed by `tail`, in one allocation. */
export function joinBytes(head: string, tail: BytesInput): PlainBytes {
  const first = toBytes(head);
  const second = toBytes(tail);
  const joined = new Uint8Array(first.length + second.length);
  joined.set(first);
  joined.set(second, first.length);
  return joined;
}

/** Lowercase hexadecimal. */
export function toHex(bytes: Uint8Array): string {
  let hex = "";
  for (const byte of bytes) hex += (byte + 256).toString(16).slice(1);
  return hex;
}

/** Standard base64 with padding. For short values (digests, keys), not for files. */
export function toBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}

/** Bytes of a standard base64 text, or undefined when it is not base64. */
export function fromBase64(text: string): PlainBytes | undefined {
  try {
    return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  } catch {
    return undefined;
  }
}
