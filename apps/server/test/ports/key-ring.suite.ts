import { expect, it } from "vitest";
import type { KeyRing } from "../../src/access/key-ring.ts";

export interface KeyRingFixture {
  readonly keys: KeyRing;
  /** A key that exists, with the secret it signs with. */
  readonly known: { readonly apiKey: string; readonly secret: string; readonly ownerId: string };
}

/** What every {@link KeyRing} promises. */
export function testKeyRing(create: () => Promise<KeyRingFixture> | KeyRingFixture): void {
  it("finds a key with its owner and its secret", async () => {
    const { keys, known } = await create();
    expect(await keys.find(known.apiKey)).toMatchObject({ ownerId: known.ownerId, secrets: [known.secret] });
  });

  it.each([
    ["nothing", () => ""],
    ["an unknown key", () => "pro_unknown"],
    ["a prefix of a key", (key: string) => key.slice(0, -1)],
    ["a key with a tail", (key: string) => `${key} `],
    ["a key in another letter case", (key: string) => key.toUpperCase()],
    ["the key sent twice", (key: string) => `${key}, ${key}`],
    ["a name every object has", () => "__proto__"],
    ["a very long text", () => "x".repeat(100_000)],
  ])("does not know %s", async (_name, toText) => {
    const { keys, known } = await create();
    expect(await keys.find(toText(known.apiKey))).toBeUndefined();
  });

  it("gives an id for logs that reveals neither the key nor the secret", async () => {
    const { keys, known } = await create();
    const key = await keys.find(known.apiKey);
    expect(key?.id).toMatch(/^[\w-]{8,}$/);
    expect(key?.id).not.toContain(known.apiKey);
    expect(known.apiKey).not.toContain(key?.id);
    expect(key?.id).not.toContain(known.secret);
  });
}
