import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { createSealer, readMasterKeyId } from "./sealer.ts";

const old = { id: "2025", key: randomBytes(32) };
const fresh = { id: "2026", key: randomBytes(32) };
const secret = Buffer.from("a secret that must be read again");
const purpose = "api_key:019ac1f0-0000-7000-8000-000000000000";

describe("a sealer", () => {
  it("opens what it sealed, and says neither the secret nor its purpose in the sealed bytes", () => {
    const sealer = createSealer([fresh]);
    const sealed = Buffer.from(sealer.seal(purpose, secret));
    expect(Buffer.from(sealer.open(purpose, sealed))).toEqual(secret);
    expect(sealed.includes(secret)).toBe(false);
    expect(sealed.includes("api_key")).toBe(false);
  });

  it("seals the same secret differently each time", () => {
    const sealer = createSealer([fresh]);
    const all = Array.from({ length: 100 }, () => Buffer.from(sealer.seal(purpose, secret)).toString("hex"));
    expect(new Set(all).size).toBe(100);
  });

  it("opens nothing that was moved to another row", () => {
    const sealer = createSealer([fresh]);
    const sealed = sealer.seal(purpose, secret);
    for (const other of ["api_key:another", "webhook:019ac1f0-0000-7000-8000-000000000000", "", `${purpose} `])
      expect(() => sealer.open(other, sealed)).toThrow();
  });

  it("opens nothing of which one bit was changed or one byte is missing", () => {
    const sealer = createSealer([fresh]);
    const sealed = sealer.seal(purpose, secret);
    for (let index = 0; index < sealed.length; index++) {
      const changed = Uint8Array.from(sealed);
      changed[index] = (changed[index] ?? 0) ^ 1;
      expect(() => sealer.open(purpose, changed), String(index)).toThrow();
      expect(() => sealer.open(purpose, sealed.subarray(0, index)), String(index)).toThrow();
    }
  });

  it("seals with the first master key and opens with all of them, so that they can be replaced one by one", () => {
    const sealed = createSealer([old]).seal(purpose, secret);
    const rotating = createSealer([fresh, old]);
    expect(Buffer.from(rotating.open(purpose, sealed))).toEqual(secret);
    expect([rotating.isCurrent(sealed), createSealer([old]).isCurrent(sealed)]).toEqual([false, true]);
    const resealed = rotating.seal(purpose, secret);
    expect(readMasterKeyId(resealed)).toBe("2026");
    expect(Buffer.from(createSealer([fresh]).open(purpose, resealed))).toEqual(secret);
  });

  it("says which master key is missing, and that plain bytes are not sealed", () => {
    const sealed = createSealer([old]).seal(purpose, secret);
    expect(() => createSealer([fresh]).open(purpose, sealed)).toThrow(/sealed with the master key 2025/);
    expect(() => createSealer([fresh]).open(purpose, randomBytes(32).fill(7))).toThrow(/is not sealed/);
    expect(readMasterKeyId(Buffer.alloc(0))).toBeUndefined();
  });

  it.each([
    ["none", []],
    ["a short one", [{ id: "a", key: randomBytes(31) }]],
    ["one with a strange id", [{ id: "a b", key: randomBytes(32) }]],
  ])("refuses a list of master keys with %s", (_, keys) => {
    expect(() => createSealer(keys)).toThrow(RangeError);
  });
});
