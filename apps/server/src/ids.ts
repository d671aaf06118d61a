import { randomBytes } from "node:crypto";

/**
 * A UUIDv7 (RFC 9562), lowercase with hyphens: 48 bits of Unix milliseconds, then 74 random bits. Ids made later sort later,
 * which keeps database pages that are written together near each other.
 */
export function createId(nowMs: number = Date.now()): string {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(nowMs, 0, 6);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x70, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

const ID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** Whether a text has the form of an id of ours; anything else need not reach the database. */
export function isId(text: string): boolean {
  return ID.test(text);
}
